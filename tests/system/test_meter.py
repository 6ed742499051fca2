"""The meter and the link on a real screen, while the centre goes away and comes back: read as the worker reads them."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, NamedTuple, Self

from scanner_app.demo.labels import badge_scan, command_scan, place_scan
from tests.system.handheld import wait_until
from tests.system.linked import assert_converged, await_settled, linked_home, scans_at_centre, scans_saved
from tests.system.test_floor import SUPERVISOR, labels, scanned
from tests.system.test_tmux import Tmux

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devices.simulator import VirtualScanner
    from scanner_app.demo.site import DemoSite
    from tests.centre import RunningCentre

LABELS = 500
METER = re.compile(r"(\d+) ?= ?(?:saved )?(\d+)(?: ?\+ ?(\d+))?(?: waiting)? +(?:sent |→)(\d+)")
WRONG = "≠"
WORD = re.compile(r"\b(online|OFFLINE|weak)\b")
LOOKS_EVERY_S = 0.1


class Look(NamedTuple):
    """The meter as it stood on the screen, and what was so a moment later; `given`: labels held before the scanner."""

    scans: int
    saved: int
    waiting: int
    sent: int
    given: int
    in_ledger: int
    at_centre: int

    @property
    def is_true(self) -> bool:
        return (
            self.scans == self.saved + self.waiting
            and self.scans <= self.given
            and self.saved <= self.in_ledger
            and self.sent <= min(self.saved, self.at_centre)
        )


class Watching:
    """Looks at the screen all the time. What stands there for one look alone may be half painted and is not judged."""

    def __init__(self, tmux: Tmux, given: Callable[[], int], home: Path, centre: RunningCentre, name: str) -> None:
        self._tmux = tmux
        self._home, self._given, self._centre, self._name = home, given, centre, name
        self.looks: list[Look] = []
        self.words: list[str] = []
        self.fault: BaseException | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        before = ""
        try:
            while not self._ended.wait(LOOKS_EVERY_S):
                screen = self._tmux.screen()
                self._look(screen, "\n".join(screen.split("\n")[:3]), before)
                before = "\n".join(screen.split("\n")[:3])
        except BaseException as fault:  # noqa: BLE001 - told on the test's own thread
            self.fault = fault

    def _look(self, screen: str, head: str, before: str) -> None:
        assert WRONG not in screen, screen
        meter, word = METER.search(head), WORD.search(head)
        if word is not None and word[1] not in self.words[-1:]:
            self.words.append(word[1])
        if meter is not None:
            scans, saved, waiting, sent = (int(number or 0) for number in meter.groups())
            so = self._given(), scans_saved(self._home), scans_at_centre(self._centre, self._name)
            look = Look(scans, saved, waiting, sent, *so)
            assert look.is_true or head != before, (look, screen)
            self.looks.append(look)


def begin(tmux: Tmux, scanner: VirtualScanner, site: DemoSite) -> int:
    """The supervisor opens an opening balance in an ambient bin; how many labels that takes."""
    person = site.operator(SUPERVISOR)
    tmux.shows("scan your badge")
    scanner.scan(badge_scan(person))
    tmux.shows("type your PIN")
    tmux.press(*person.pin, "Enter")
    tmux.shows("MENU")
    scanner.scan(command_scan("OPENING"))
    scanner.scan(place_scan("A-01-1"))
    tmux.shows("A-01-1")
    return 3


def test_the_meter_tells_the_truth_while_the_centre_is_away_and_comes_back(
    tmp_path: Path, centre: RunningCentre, demo: DemoSite
) -> None:
    home, given = tmp_path / "home", [3]
    with linked_home(tmp_path, centre, "A") as scanner, Tmux(home, now="") as tmux:
        with Watching(tmux, lambda: given[0], home, centre, "A") as watching:
            assert begin(tmux, scanner, demo) == given[0]
            tmux.shows("online", "sent 3")
            centre.stop()
            given[0] += LABELS
            scanner.send("".join(f"{label}\r" for label in labels(demo, LABELS, "M")).encode())
            wait_until(lambda: len(scanned(home)) == given[0], f"{LABELS} entries")
            tmux.shows("OFFLINE", f"saved {given[0]}", "sent 3")
            centre.start()
            tmux.shows("online", f"saved {given[0]}", f"sent {given[0]}")
            await_settled([home], centre)
        assert watching.fault is None, watching.fault
    assert watching.words[0] in {"OFFLINE", "online"}
    assert [word for word in watching.words if word != "weak"][-3:] == ["online", "OFFLINE", "online"]
    assert len({look.saved for look in watching.looks}) > 5, "the screen was looked at while it changed"
    assert_converged(centre, [home])
