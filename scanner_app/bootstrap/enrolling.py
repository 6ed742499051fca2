"""Enrolment by a QR code that the handheld's own scanner reads: the code is a secret, so it is no scan.

It never reaches queue, inbox or ledger. The network is asked on a thread of its own; scanning goes on meanwhile.
"""

from __future__ import annotations

import threading
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from scanner_app.errors import ScannerError
from scanner_app.workflows.step import Line, Tone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devices.scan import RawScan

MARK: Final = "#enrol="
"""What the address in such a code has, and no label of goods."""


def is_invitation(raw: RawScan) -> bool:
    """Whether a scan is an address with a code to enrol by."""
    return MARK in raw.text


class ScannedEnrolment:
    """Takes invitations out of what is scanned. `tell` says how it goes, `enrolled` that the home is bound.

    `may`: what keeps a home from being bound now, as a phrase; None where nothing does. A label on a carton must not
    take a handheld over.
    """

    def __init__(
        self, home: Path, may: Callable[[str], Line | None], tell: Callable[[Line, Tone], object],
        enrolled: Callable[[], object],
    ) -> None:  # fmt: skip
        self._home = home
        self._may = may
        self._tell = tell
        self._enrolled = enrolled
        self._asking = threading.Lock()

    def takes(self, raw: RawScan) -> bool:
        """Whether it is an invitation, which is followed where it may be; one at a time."""
        if not is_invitation(raw):
            return False
        refused = self._may(raw.text)
        if refused is not None:
            self._tell(refused, Tone.BAD)
        elif self._asking.acquire(blocking=False):
            threading.Thread(target=self._ask, args=(raw.text,), name="enrol", daemon=True).start()
        return True

    def _ask(self, text: str) -> None:
        from sync.enrolment import enrol, invitation_of  # noqa: PLC0415 - loads the network

        self._tell(Line("say.enrol.asking"), Tone.NEUTRAL)
        try:
            invitation = invitation_of(text)
            if invitation is None:
                self._tell(Line("say.enrol.unreadable"), Tone.BAD)
                return
            enrol(self._home, invitation, version("scanner-app"))
        except ScannerError as fault:
            self._tell(Line("say.enrol.failed", {"cause": fault.message}), Tone.BAD)
        except OSError as fault:
            self._tell(Line("say.enrol.failed", {"cause": str(fault.strerror)}), Tone.BAD)
        else:
            self._enrolled()
        finally:
            self._asking.release()
