"""The closed table of outcomes: what a scan can come to (model.md, Outcomes).

The order of `Refusal` is its precedence: the first that applies is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Refusal(StrEnum):
    """Why a scan posted nothing. Only LEDGER_STOPPED makes no entry."""

    LEDGER_STOPPED = "LEDGER_STOPPED"
    ANSWER_FIRST = "ANSWER_FIRST"
    UNREADABLE = "UNREADABLE"
    SECOND_CHANNEL = "SECOND_CHANNEL"
    UNTRUSTED_SCANNER = "UNTRUSTED_SCANNER"
    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    WRONG_PIN = "WRONG_PIN"
    LOCKED_OUT = "LOCKED_OUT"
    NOT_PERMITTED = "NOT_PERMITTED"
    BAD_FORMAT = "BAD_FORMAT"
    BAD_CHECK_DIGIT = "BAD_CHECK_DIGIT"
    UNKNOWN_ITEM = "UNKNOWN_ITEM"
    UNKNOWN_PLACE = "UNKNOWN_PLACE"
    UNKNOWN_BADGE = "UNKNOWN_BADGE"
    UNKNOWN_DOCUMENT = "UNKNOWN_DOCUMENT"
    DOCUMENT_CLOSED = "DOCUMENT_CLOSED"
    TASK_LEASED = "TASK_LEASED"
    RECALLED = "RECALLED"
    RECALL_LIST_TOO_OLD = "RECALL_LIST_TOO_OLD"
    WATCH_LISTED = "WATCH_LISTED"
    SUSPECT = "SUSPECT"
    ON_HOLD = "ON_HOLD"
    EXPIRED = "EXPIRED"
    DESTROYED = "DESTROYED"
    VOIDED = "VOIDED"
    ALREADY_OUT = "ALREADY_OUT"
    ALREADY_RECEIVED = "ALREADY_RECEIVED"
    ALREADY_SCANNED = "ALREADY_SCANNED"
    IN_OTHER_DOCUMENT = "IN_OTHER_DOCUMENT"
    NOT_ON_DOCUMENT = "NOT_ON_DOCUMENT"
    NO_DATA = "NO_DATA"
    LOT_MISMATCH = "LOT_MISMATCH"
    EXPIRY_MISMATCH = "EXPIRY_MISMATCH"
    RESERVED = "RESERVED"
    WRONG_PLACE = "WRONG_PLACE"
    WRONG_STORAGE_CLASS = "WRONG_STORAGE_CLASS"
    CONDITION_MISSING = "CONDITION_MISSING"
    WRONG_LEVEL = "WRONG_LEVEL"
    CONTAINER_DOUBTFUL = "CONTAINER_DOUBTFUL"
    OVER_QUANTITY = "OVER_QUANTITY"
    NOT_FIRST_EXPIRED = "NOT_FIRST_EXPIRED"
    SHELF_LIFE_TOO_SHORT = "SHELF_LIFE_TOO_SHORT"
    LICENCE_INVALID = "LICENCE_INVALID"
    TI_MISSING = "TI_MISSING"
    NO_SSCC_LEFT = "NO_SSCC_LEFT"
    SECOND_PERSON_NEEDED = "SECOND_PERSON_NEEDED"
    REASON_NEEDED = "REASON_NEEDED"
    NOT_UNDOABLE = "NOT_UNDOABLE"


PRECEDENCE = {refusal: rank for rank, refusal in enumerate(Refusal)}


class Outcome(StrEnum):
    """What an accepted entry came to; the second group only when a document closes."""

    OK = "OK"
    MATCHED = "MATCHED"
    MATCHED_BY_PARENT = "MATCHED_BY_PARENT"
    EXTRA = "EXTRA"
    CONFIRMED = "CONFIRMED"
    INFERRED = "INFERRED"

    SHORT = "SHORT"
    OVER = "OVER"
    DAMAGED = "DAMAGED"
    DATA_WITHOUT_PRODUCT = "DATA_WITHOUT_PRODUCT"
    PRODUCT_WITHOUT_DATA = "PRODUCT_WITHOUT_DATA"
    PARTY_MISMATCH = "PARTY_MISMATCH"


Parameter = str | int | None
Parameters = dict[str, Parameter]


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted step; `parameters` fill the sentence (for CONFIRMED: `overrode`, the refusal overridden)."""

    outcome: Outcome = Outcome.OK
    parameters: Parameters = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """A refused step; it posts nothing. `parameters` fill the sentence: what was scanned, what was expected."""

    refusal: Refusal
    parameters: Parameters = field(default_factory=dict)


Verdict = Accepted | Refused


def first_refusal(found: list[Refused]) -> Refused | None:
    """The refusal that is told when several apply: the first in the table's order; None when none applies."""
    return min(found, key=lambda refused: PRECEDENCE[refused.refusal], default=None)
