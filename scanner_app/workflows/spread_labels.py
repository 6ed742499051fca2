"""Labels spread over several symbols: GTIN here, lot or serial there, in any order; what is missing is asked for.

For every task that moves goods by their label.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from scanner_app.domain.keys import KeyFormatError, Lot
from scanner_app.domain.scan import Kind
from scanner_app.workflows.goods import Fragment, Label, Quantity, goods_of, label_of, resolve

if TYPE_CHECKING:
    from scanner_app.domain.refusals import Refused
    from scanner_app.domain.scan import ParsedScan
    from scanner_app.workflows.goods import Resolved
    from scanner_app.workflows.step import Facts

NUMBER_MAX = 99_999
"""The largest quantity that a card or a typed number may set for one scan."""

NUMBER_DIGITS_MAX = len(str(NUMBER_MAX))
MISSING_NOUNS = {"gtin": "ITEM", "serial": "SERIAL", "lot": "LOT"}


@dataclass(frozen=True, slots=True)
class Part:
    """What was read of a label so far, and what is asked: gtin, serial or lot; `item` names it where it is known.

    `text` is a plain text read in answer that is taken as the lot when it comes again; empty when there is none.
    """

    label: Label
    missing: str
    item: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a scan is of, the whole label it was read from, and whether its lot came as plain text."""

    resolved: Resolved | Refused
    label: Label
    plain: bool = False


def read(part: Part | None, parsed: ParsedScan, facts: Facts, today: date) -> Reading:
    """What a scan is of, together with the part read before it where both are of one pack."""
    label = label_of(parsed)
    if part is not None and part.missing == "lot" and parsed.kind is Kind.UNKNOWN:
        lot = plain_lot(parsed)
        if lot is not None:
            whole = replace(part.label, lot=lot)
            return Reading(goods_of(whole, facts, today), whole, plain=True)
    completed = None if label is None else joined(part, label)
    if completed is not None and completed.gtin is not None:
        return Reading(goods_of(completed, facts, today), completed)
    return Reading(resolve(parsed, facts, today), label or Label())


def joined(part: Part | None, label: Label) -> Label | None:
    """A label together with the part read before it; None where nothing waits or both are not of one pack.

    Logistic labels stand alone.
    """
    return None if part is None or label.sscc is not None else part.label.completed_by(label)


def plain_lot(parsed: ParsedScan) -> str | None:
    """Plain text as a lot, where its characters allow it."""
    try:
        return str(Lot.of(parsed.text.removeprefix(parsed.symbology or "")))
    except KeyFormatError:
        return None


def part_of(reading: Reading) -> Part | None:
    """What to keep and ask when the label lacks something that its item needs; None when it is whole.

    A number of packs of a serialised item is no part of a label: its packs must be scanned one by one.
    """
    goods = reading.resolved
    if isinstance(goods, Fragment):
        return Part(goods.label, "gtin")
    if not isinstance(goods, Quantity):
        return None
    if goods.item.serialised:
        one = goods.level.factor == 1 and reading.label.count is None
        return Part(reading.label, "serial", goods.item.name) if one else None
    if goods.item.lot_controlled and goods.lot is None:
        return Part(reading.label, "lot", goods.item.name)
    return None


def typed_number(text: str) -> int | None:
    """A number typed by hand, 1 to 99,999 in ASCII digits; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX):
        return None
    return int(text) or None
