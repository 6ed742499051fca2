"""The body of `scanner parse`: scans in, a line of JSON out for each (the parse line of the contract)."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from scanner_app.domain.scan import (
    DEFAULT_LABELS,
    Kind,
    LabelPrefixes,
    ParsedScan,
    ScanError,
    ScanErrorCode,
    parse_scan,
    symbology_of,
)

if TYPE_CHECKING:
    import argparse

EXIT_ALL_UNDERSTOOD: Final = 0
EXIT_SOME_REFUSED: Final = 1
NOT_A_SCAN: Final = 'The line is neither a JSON string nor an object such as {"scan": "]d2…"}.'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--now."""
    parser.add_argument("--now", metavar="YYYY-MM-DD", help="the day the century of two-digit years follows from")


def run(options: argparse.Namespace) -> int:
    """Exit 0 when every scan of standard input was understood, else 1. Undecodable bytes count as what they are."""
    from scanner_app.bootstrap import instant_of, labels_of, open_station  # noqa: PLC0415 - loaded when it is used

    station = open_station(options.config)
    zone = station.config.zone
    at = station.clock.now() if options.now is None else instant_of(options.now, zone)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape", newline="\n")
    return run_parse(sys.stdin, sys.stdout.write, at.astimezone(zone).date(), labels_of(station.config))


def run_parse(
    lines: Iterable[str], write: Callable[[str], object], today: date, labels: LabelPrefixes = DEFAULT_LABELS
) -> int:
    """Writes a parse line with its line end for each line of input; 0 if all scans were understood, else 1.

    An input line is a JSON string, or an object whose `scan` is one; empty lines are passed over.
    """
    code = EXIT_ALL_UNDERSTOOD
    for line in lines:
        if not line.strip(" \t\r\n"):
            continue
        text = scan_of_line(line)
        parsed = _not_a_scan() if text is None else parse_scan(text, today, labels)
        if isinstance(parsed, ScanError):
            code = EXIT_SOME_REFUSED
        write(parse_line(parsed, text or "") + "\n")
    return code


def scan_of_line(line: str) -> str | None:
    """The scan that a line of input holds, or None if it holds none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        value = value.get("scan")
    return value if isinstance(value, str) else None


def parse_line(parsed: ParsedScan | ScanError, text: str) -> str:
    """What is printed for a scan: one object in ASCII, without line end. A badge's code stays untold."""
    if isinstance(parsed, ScanError):
        return json.dumps(_refused(parsed, text))
    return json.dumps(_understood(parsed))


def _not_a_scan() -> ScanError:
    """The refusal of an input line that holds no scan."""
    return ScanError(ScanErrorCode.UNREADABLE, None, 0, NOT_A_SCAN)


def _understood(parsed: ParsedScan) -> dict[str, Any]:
    """The line of a scan that was understood."""
    return {
        "ok": True,
        "kind": parsed.kind.value,
        "symbology": parsed.symbology,
        "elements": [list(element) for element in parsed.elements],
        "gtin": _text(parsed.gtin),
        "serial": _text(parsed.serial),
        "lot": _text(parsed.lot),
        "expiry": _text(parsed.expiry),
        "sscc": _text(parsed.sscc),
        "gln": _text(parsed.gln),
        "quantity": parsed.quantity,
        "content_gtin": _text(parsed.content_gtin),
        "code": None if parsed.kind is Kind.BADGE else parsed.code,
        "warnings": list(parsed.warnings),
        "error": None,
    }


def _refused(error: ScanError, text: str) -> dict[str, Any]:
    """The line of a scan that was not: the same keys, and the error."""
    line = _understood(ParsedScan(Kind.UNKNOWN, text, symbology_of(text)))
    line["ok"] = False
    line["error"] = {"code": error.code.value, "ai": error.ai, "offset": error.offset, "message": error.message}
    return line


def _text(value: object) -> str | None:
    """A key or a date as text; a date reads YYYY-MM-DD."""
    return None if value is None else str(value)
