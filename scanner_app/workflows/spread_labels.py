"""Labels spread over several symbols: GTIN here, lot or serial there, in any order; what is missing is asked for.

For every task that moves goods by their label. What was read of a label and is not completed is never dropped in
silence: `forgotten` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Protocol, TypeVar

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import LevelOf
from scanner_app.domain.keys import KeyFormatError, Lot, Serial
from scanner_app.domain.refusals import Accepted, Outcome
from scanner_app.domain.scan import Kind
from scanner_app.workflows.goods import Fragment, Label, Quantity, Unit, goods_of, label_named, label_of, resolve
from scanner_app.workflows.step import Draft, Line, Tone

if TYPE_CHECKING:
    from scanner_app.domain.refusals import Refused
    from scanner_app.domain.scan import ParsedScan
    from scanner_app.workflows.goods import Resolved
    from scanner_app.workflows.step import Facts, Transition

NUMBER_MAX = 99_999
"""The largest quantity that a card or a typed number may set for one scan."""

NUMBER_DIGITS_MAX = len(str(NUMBER_MAX))

NUMBER_WANTED = Line("say.number_wanted", {"most": NUMBER_MAX})
"""What is said to a number that no scan may count for."""

UNASKED_MAX = 999
"""The most base units that one scan counts for without being asked for them again, where no document expects more."""

MISSING_NOUNS = {"gtin": "ITEM", "serial": "SERIAL", "lot": "LOT"}
NAME_THEMSELVES = frozenset({Kind.GS1, Kind.DIGITAL_LINK, Kind.LOCATION, Kind.DOCUMENT})
"""Scans that say themselves what they are of; anything else that is typed may be a serial or a lot."""


class Spread(Protocol):
    """A state that keeps what was read of a label so far."""

    @property
    def part(self) -> Part | None:
        """What waits for the rest; None when nothing does."""


S = TypeVar("S", bound=Spread)


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
class Many:
    """So many at once that they are asked for again: the scan that would confirm, its whole label, and their name.

    `number`: how many base units.
    """

    text: str
    label: Label
    named: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a scan is of, the whole label it was read from, and whether its lot was scanned as plain text.

    `lost`: the part read before it, where that is of something else.
    """

    resolved: Resolved | Refused
    label: Label
    plain: bool = False
    lost: Part | None = None


def read(part: Part | None, parsed: ParsedScan, facts: Facts, today: date) -> Reading:
    """What a scan is of, together with the part read before it where both are of one pack."""
    answered = typed_answer(part, parsed, facts, today)
    if answered is not None:
        return Reading(goods_of(answered, facts, today), answered)
    label = label_of(parsed)
    if part is not None and part.missing == "lot" and parsed.kind is Kind.UNKNOWN:
        lot = plain_lot(parsed)
        if lot is not None:
            whole = replace(part.label, lot=lot)
            return Reading(goods_of(whole, facts, today), whole, plain=True)
    completed = None if label is None else joined(part, label)
    if completed is None:
        return Reading(resolve(parsed, facts, today), label or Label(), lost=part)
    resolved = Fragment(completed) if completed.gtin is None else goods_of(completed, facts, today)
    return Reading(resolved, completed)


def typed_answer(part: Part | None, parsed: ParsedScan, facts: Facts, today: date) -> Label | None:
    """The label with the bare serial or lot that a person typed where it was asked for; None for anything else.

    A GTIN of an item of ours begins another label: nobody types that in answer.
    """
    if part is None or not parsed.typed or parsed.kind in NAME_THEMSELVES or part.missing == "gtin":
        return None
    if parsed.gtin is not None and facts[LevelOf(str(parsed.gtin), today)] is not None:
        return None
    try:
        if part.missing == "serial":
            return replace(part.label, serial=str(Serial.of(parsed.text)))
        return replace(part.label, lot=str(Lot.of(parsed.text)))
    except KeyFormatError:
        return None


def forgotten(transition: Transition[S], part: Part | None) -> Transition[S]:
    """The same transition, saying of a part that waited and does not any more that it is not taken; saved, but look."""
    if part is None or transition.state.part == part:
        return transition
    told = Line("line.forgotten", {"part": part.item or label_named(part.label)})
    tone = Tone.ATTENTION if transition.tone in {Tone.GOOD, Tone.TICK} else transition.tone
    return replace(transition, tone=tone, lines=(told, *transition.lines))


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


def many_of(goods: Unit | Quantity, times: int, text: str, label: Label) -> Many | None:
    """What is asked again where `times` of the goods may be a slip of the finger; None for fewer, or for serials."""
    if isinstance(goods, Unit) or goods.item.serialised:
        return None
    number = goods.times(times).quantity
    return Many(text, label, f"{number} x {goods.item.name}", number) if number > UNASKED_MAX else None


def number_typed(parsed: ParsedScan) -> int | None:
    """The number that a person typed at most five figures of, where goods are asked for: no key is that short."""
    return typed_number(parsed.text) if parsed.typed and parsed.kind is Kind.UNKNOWN else None


def noted_number(transition: Transition[S], number: int, document: str | None = None) -> Transition[S]:
    """The transition of a number that was typed as a scan: noted, since every scan makes an entry."""
    draft = Draft(EntryKind.NOTED, Accepted(Outcome.OK, {"number": number}), document=document)
    return replace(transition, draft=draft)


def typed_number(text: str) -> int | None:
    """A number typed by hand, 1 to 99,999 in ASCII digits; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX):
        return None
    return int(text) or None
