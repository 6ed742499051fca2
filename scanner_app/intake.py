"""From bytes to meaning: a raw scan becomes a capture with an id of its own, and then a parsed scan or a refusal.

The id is made here, when the scan is captured: it becomes the entry's event id, so that whatever happens afterwards the
same scan is the same fact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devices.scan import WEDGE, Ending, Method, RawScan, scan_of_text
from scanner_app.domain.badges import bears_badge, is_masked, token_hash, without_token
from scanner_app.domain.entry import Raw
from scanner_app.domain.keys import is_digits
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.scan import Kind, LabelPrefixes, ParsedScan, ScanError, parse_scan
from scanner_app.domain.typed_entry import read_typed
from scanner_app.store.inbox import Capture
from scanner_app.workflows.signing import badge_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date


__all__ = ["Intake", "RawScan", "keyed_digits", "replayed_scan", "typed_scan", "went_on"]

SPACE = " "
CUT = "the scan was cut"
BADGE_NOT_KEPT = "no badge is kept over a restart"
NO_SYMBOLOGY = "no symbology id: turn AIM ID on"
NEEDS_SYMBOLOGY = frozenset({Kind.GTIN, Kind.SSCC, Kind.UNKNOWN, Kind.NATIONAL, Kind.HIBC})
"""Kinds that a scanner whose profile promises symbology ids cannot have meant without one."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What is needed to understand scans: the site's label prefixes and the profiles that promise symbology ids."""

    labels: LabelPrefixes
    make_id: Callable[[], str]
    boot_id: str
    promises_symbology: frozenset[str] = frozenset()

    def capture(self, raw: RawScan) -> Capture:
        """The scan as it is queued, spilled and saved; its id is made here."""
        return Capture(
            id=self.make_id(),
            payload=raw.payload,
            text=raw.text,
            symbology=raw.symbology,
            source=raw.source,
            profile=raw.profile,
            commissioned=raw.commissioned,
            method=raw.method.value,
            monotonic_ns=raw.monotonic_ns,
            wall_ms=raw.wall_ms,
            boot_id=self.boot_id,
            ended_by=raw.ended_by.value,
            cut=raw.cut,
        )

    def understand(self, capture: Capture, today: date) -> ParsedScan | Refused:
        """What the scan says, or why it cannot be used: UNREADABLE, BAD_FORMAT, BAD_CHECK_DIGIT.

        What a person typed may be the human readable interpretation that stands under a symbol; a scan may not.
        """
        if capture.cut:
            return Refused(Refusal.UNREADABLE, {"cause": CUT})
        read = read_typed if capture.method == Method.MANUAL.value else parse_scan
        parsed = read(capture.text, today, self.labels)
        if isinstance(parsed, ParsedScan) and parsed.kind is Kind.BADGE:
            return Refused(Refusal.UNREADABLE, {"cause": BADGE_NOT_KEPT}) if is_masked(parsed.text) else parsed
        if self.bears_badge(capture):
            parsed = read(self.kept(capture).text, today, self.labels)
        if isinstance(parsed, ScanError):
            return _refused(parsed)
        if parsed.symbology is None and parsed.kind in NEEDS_SYMBOLOGY and capture.profile in self.promises_symbology:
            return Refused(Refusal.UNREADABLE, {"cause": NO_SYMBOLOGY})
        return parsed

    def bears_badge(self, capture: Capture) -> bool:
        """Whether the scan is a badge with its token, or what may be one."""
        return bears_badge(capture.text, self.labels.badge, _day_of(capture))

    def kept(self, capture: Capture) -> Capture:
        """The capture as the inbox keeps it: of a badge, or what may be one, a hash stands where its token was."""
        text = without_token(capture.text, self.labels.badge, _day_of(capture))
        return capture if text == capture.text else replace(capture, text=text, payload=text.encode())

    def raw_of(self, capture: Capture, parsed: ParsedScan | Refused) -> Raw:
        """The scan as the entry keeps it. A badge's token is replaced by a hash: the ledger must sign nobody in."""
        payload = self.kept(capture).payload
        if isinstance(parsed, ParsedScan) and parsed.kind is Kind.BADGE:
            badge = badge_of(parsed)
            payload = f"{badge.operator}#{token_hash(badge.token)}".encode()
        return Raw(payload, capture.symbology, capture.source, capture.profile, capture.method)


def _day_of(capture: Capture) -> date:
    return datetime.fromtimestamp(capture.wall_ms / 1000, UTC).date()


def keyed_digits(capture: Capture) -> str:
    """The digits of a burst or a paste of keys that holds nothing else: a person may have typed them. Else empty."""
    if capture.source != WEDGE:
        return ""
    digits = capture.text.strip(SPACE)
    return digits if is_digits(digits) else ""


def went_on(capture: Capture) -> bool:
    """Whether keys merely stopped, without the Enter that would hand them over."""
    return capture.ended_by == Ending.IDLE.value


def _refused(error: ScanError) -> Refused:
    """The refusal of a scan that does not parse; its cause is the parser's sentence."""
    code = error.code.value
    refusal = Refusal(code) if code in Refusal.__members__ else Refusal.BAD_FORMAT
    return Refused(refusal, {"cause": error.message, "code": code, "ai": error.ai, "offset": error.offset})


def typed_scan(text: str, monotonic_ns: int, wall_ms: int) -> RawScan:
    """A code typed by hand: marked manual in the ledger, kept as it was typed, and judged like a scan."""
    return scan_of_text(text, source="keyboard", monotonic_ns=monotonic_ns, wall_ms=wall_ms, method=Method.MANUAL)


def replayed_scan(text: str, source: str, monotonic_ns: int, wall_ms: int, *, commissioned: bool) -> RawScan:
    """A scan of a replay line, as a device would have delivered it."""
    return scan_of_text(text, source=source, monotonic_ns=monotonic_ns, wall_ms=wall_ms, commissioned=commissioned)
