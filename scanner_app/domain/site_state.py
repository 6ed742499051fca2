"""Records of the feed that are the site's state rather than masters: doubts of the centre, and leases.

Their forms: docs/contract/records.md. A lease is for one incarnation of a ledger (`epoch`): one that was restored or
forked has another epoch, whatever its copy says, and takes new leases; so no serial reference is given twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner_app.domain.feed_records import RecordFormatError, number_of, text_of, text_or_none
from scanner_app.domain.keys import SSCC_DIGITS, check_digit, is_digits

if TYPE_CHECKING:
    from scanner_app.domain.feed_records import Body

FLAG: Final = "flag"
LEASE: Final = "lease"
SSCC_LEASE: Final = "sscc"
REFERENCE_DIGITS: Final = SSCC_DIGITS - 1
"""Digits of an SSCC before its check digit: extension digit, company prefix and serial reference."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A doubt of the centre that is open; `subject` says about what, `event_id` names the entry that raised it.

    `parameters`: the JSON text of what its sentence names.
    """

    id: str
    code: str
    severity: str
    subject: str
    event_id: str | None
    parameters: str = "{}"


@dataclass(frozen=True, slots=True)
class Lease:
    """What a device may use until `until` (UTC ms; None: until it is taken away): a task, or a range of SSCCs.

    `subject`: the task, or the digits before the serial reference (extension digit and company prefix). `first` and
    `last`: serial references; of a task both are 0.
    """

    id: str
    kind: str
    device: str
    epoch: str
    subject: str
    until: int | None
    first: int = 0
    last: int = 0


def flag_of(body: Body) -> Flag | None:
    """The flag in a body; None once it is closed. Raises RecordFormatError."""
    try:
        if body["closed"] is not None:
            return None
        return Flag(
            text_of(body["id"]), text_of(body["code"]), text_of(body["severity"]), text_of(body["subject"]),
            text_or_none(body["event_id"]), parameters_of(body.get("parameters", {})),
        )  # fmt: skip
    except (KeyError, TypeError) as fault:
        raise RecordFormatError(f"not a flag: {fault!r}") from fault


def parameters_of(given: object) -> str:
    """Names and their texts or whole numbers as JSON text; what is anything else is left out. Raises TypeError."""
    if not isinstance(given, dict):
        raise TypeError("parameters are no object")
    kept = {name: value for name, value in given.items() if value is None or type(value) in {str, int}}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)


def lease_of(body: Body) -> Lease:
    """The lease in a body. Raises RecordFormatError."""
    try:
        until = body["until"]
        lease = Lease(
            text_of(body["id"]), text_of(body["kind"]), text_of(body["device"]), text_of(body["epoch"]),
            text_of(body["subject"]), None if until is None else number_of(until), number_of(body.get("first", 0)),
            number_of(body.get("last", 0)),
        )  # fmt: skip
        if lease.kind == SSCC_LEASE:
            sscc_of(lease.subject, lease.first)
            sscc_of(lease.subject, lease.last)
    except (KeyError, TypeError, ValueError) as fault:
        raise RecordFormatError(f"not a lease: {fault!r}") from fault
    return lease


def sscc_of(prefix: str, reference: int) -> str:
    """The SSCC of a serial reference under extension digit and company prefix (GS1 General Specifications, 3.2)."""
    digits = f"{prefix}{reference:0{max(REFERENCE_DIGITS - len(prefix), 1)}d}"
    if len(digits) != REFERENCE_DIGITS or not is_digits(digits):
        raise ValueError(f"{reference} is no serial reference under {prefix}")
    return digits + check_digit(digits)
