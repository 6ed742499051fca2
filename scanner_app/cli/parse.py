"""The body of `scanner parse`: scans in, a line of JSON out for each (the parse line of the contract)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final

from scanner_app.cli.streams import answer_line_by_line, input_lines
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

EXIT_ALL_UNDERSTOOD: Final = 0
EXIT_SOME_REFUSED: Final = 1
NOT_A_SCAN: Final = (
    'The line is no JSON string: write "]d2010950600013435210A1" or {"scan": "]d2..."}, GS as \\u001d; '
    "`scanner parse --raw` takes scans as they are."
)
EXAMPLES: Final = """each line of standard input is a scan, as JSON or with --raw as it is:
  echo '"]d2010950600013435210A1\\u001d21X"' | scanner parse
  echo '{"scan": "]C100095210010000040013"}' | scanner parse
  echo ']d2010950600013435210A1<GS>21X' | scanner parse --raw"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--now, --raw, and examples of a line."""
    parser.add_argument("--now", metavar="YYYY-MM-DD", help="the day the century of two-digit years follows from")
    parser.add_argument("--raw", action="store_true", help="a scan a line as it is, GS as <GS> or \\u001d")
    parser.add_argument("--json", action="store_true", help="the answer is JSON in any case")
    parser.epilog = EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


def run(options: argparse.Namespace) -> int:
    """Exit 0 when every scan of standard input was understood, else 1. Undecodable bytes count as what they are."""
    from scanner_app.bootstrap import instant_of, labels_of, open_station  # noqa: PLC0415 - loaded when it is used
    from scanner_app.bootstrap.scanners import scan_of_plain_line  # noqa: PLC0415 - loaded when it is used

    station = open_station(options.config)
    zone = station.config.zone
    at = station.clock.now() if options.now is None else instant_of(options.now, zone)
    read = scan_of_plain_line if options.raw else scan_of_json
    answer_line_by_line()
    return run_parse(input_lines(), sys.stdout.write, at.astimezone(zone).date(), labels_of(station.config), read)


def run_parse(
    lines: Iterable[str], write: Callable[[str], object], today: date, labels: LabelPrefixes = DEFAULT_LABELS,
    read: Callable[[str], str | None] | None = None,
) -> int:  # fmt: skip
    """Writes a parse line with its line end for each line of input; 0 if all scans were understood, else 1.

    `read` gives the scan on a line, or None; by default a line is JSON. Empty lines are passed over.
    """
    code = EXIT_ALL_UNDERSTOOD
    for line in lines:
        if not line.strip(" \t\r\n"):
            continue
        text = (read or scan_of_json)(line.rstrip("\r\n"))
        parsed = _not_a_scan() if text is None else parse_scan(text, today, labels)
        if isinstance(parsed, ScanError):
            code = EXIT_SOME_REFUSED
        write(parse_line(parsed, text or "") + "\n")
    return code


def scan_of_json(line: str) -> str | None:
    """The scan on a line that is a JSON string, or an object whose `scan` is one; None for any other line."""
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
