"""What a scan is of, for every workflow: a unit, a container, a quantity, a place, a document, or part of a label.

`resolve` asks the masters alone (LevelOf, PlaceOf, DocumentOf); whether the goods may be there is for the workflow.
A `Label` holds plain values, so that a task's state can keep one and resolve it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from scanner_app.domain.facts import DocumentOf, LevelOf, PlaceOf
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.domain.scan import Kind
from scanner_app.domain.stock import CASE_PLACE, SSCC_PLACE, case_place, sscc_place
from scanner_app.domain.typed_entry import key_fault
from scanner_app.workflows.step import Line

if TYPE_CHECKING:
    from scanner_app.domain.masters import Document, Item, Level, Place
    from scanner_app.domain.refusals import Parameters
    from scanner_app.domain.scan import ParsedScan
    from scanner_app.workflows.step import Facts

SSCC_TAIL = 4
TEXT_SHOWN_MAX = 24


@dataclass(frozen=True, slots=True)
class Label:
    """What a label says of goods. `sscc`: the 18 digits; beside it `gtin` and `count` tell the content (AI 02 and 37).

    `count` is how many of `gtin` (None: one). Lot and serial are exact strings.
    """

    gtin: str | None = None
    serial: str | None = None
    lot: str | None = None
    expiry: date | None = None
    sscc: str | None = None
    count: int | None = None

    def completed_by(self, other: Label) -> Label | None:
        """The label of both symbols together; None when they say different things."""
        values = {}
        for name in ("gtin", "serial", "lot", "expiry", "sscc", "count"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine is not None and theirs is not None and mine != theirs:
                return None
            values[name] = theirs if mine is None else mine
        return Label(**values)


@dataclass(frozen=True, slots=True)
class Unit:
    """One serialised base unit."""

    item: Item
    serial: str
    lot: str | None
    expiry: date | None

    @property
    def gtin(self) -> str:
        """The base unit's GTIN-14."""
        return self.item.gtin


@dataclass(frozen=True, slots=True)
class Quantity:
    """`count` of a level of an item, told by its label without serials."""

    level: Level
    lot: str | None
    expiry: date | None
    count: int

    @property
    def item(self) -> Item:
        """The trade item."""
        return self.level.item

    @property
    def gtin(self) -> str:
        """The base unit's GTIN-14."""
        return self.level.item.gtin

    @property
    def quantity(self) -> int:
        """How many base units."""
        return self.count * self.level.factor

    def times(self, number: int) -> Quantity:
        """The same, `number` times over."""
        return replace(self, count=self.count * number)


@dataclass(frozen=True, slots=True)
class Container:
    """An SSCC or a serialised case, by its place id. `level` for cases; lot and expiry where the label tells them.

    `content`: what the label itself says is inside; a case of serialised items tells no units, so it has none.
    """

    id: str
    level: Level | None = None
    lot: str | None = None
    expiry: date | None = None
    content: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Fragment:
    """Part of a label that is spread over several symbols: lot, expiry or serial without a GTIN."""

    label: Label


@dataclass(frozen=True, slots=True)
class ScannedPlace:
    """A bin, dock, lane or cage."""

    place: Place


@dataclass(frozen=True, slots=True)
class ScannedDocument:
    """A document."""

    document: Document


Goods = Unit | Container | Quantity
Resolved = Goods | Fragment | ScannedPlace | ScannedDocument


def resolve(parsed: ParsedScan, facts: Facts, today: date) -> Resolved | Refused:
    """What the scan is of; UNKNOWN_ITEM, UNKNOWN_PLACE, UNKNOWN_DOCUMENT or BAD_FORMAT when it is nothing of ours."""
    label = label_of(parsed)
    if label is None:
        return place_or_document(parsed, facts)
    if label.gtin is None and label.sscc is None:
        return Fragment(label)
    return goods_of(label, facts, today)


def place_or_document(parsed: ParsedScan, facts: Facts) -> ScannedPlace | ScannedDocument | Refused:
    """What a scan is of that is no label of goods; UNKNOWN_PLACE, UNKNOWN_DOCUMENT, or BAD_FORMAT for anything else.

    Typed digits that are no key tell why: BAD_CHECK_DIGIT, or BAD_FORMAT with the fault's code.
    """
    if parsed.kind is Kind.LOCATION:
        return _place(parsed, facts)
    if parsed.kind is Kind.DOCUMENT:
        return _document(parsed, facts)
    fault = key_fault(parsed.text) if parsed.typed else None
    if fault is None:
        return Refused(Refusal.BAD_FORMAT, {"cause": scan_text(parsed)})
    wrong = Refusal.BAD_CHECK_DIGIT if fault.code == Refusal.BAD_CHECK_DIGIT.value else Refusal.BAD_FORMAT
    return Refused(wrong, {"cause": fault.message, "code": fault.code})


def codes_of(parsed: ParsedScan) -> tuple[str, ...]:
    """What the code of an own label may be: as it stands, and in capitals where a person typed it otherwise."""
    code = parsed.code or ""
    return tuple(dict.fromkeys((code, code.upper()))) if parsed.typed else (code,)


def label_of(parsed: ParsedScan) -> Label | None:
    """What a scan says of goods; None when it names neither goods nor, as a GS1 symbol, a lot, expiry or serial."""
    gtin = parsed.gtin or parsed.content_gtin
    if gtin is None and parsed.sscc is None and not _is_fragment(parsed):
        return None
    return Label(
        gtin=None if gtin is None else str(gtin),
        serial=None if parsed.serial is None else str(parsed.serial),
        lot=None if parsed.lot is None else str(parsed.lot),
        expiry=parsed.expiry,
        sscc=None if parsed.sscc is None else str(parsed.sscc),
        count=parsed.quantity,
    )


def _is_fragment(parsed: ParsedScan) -> bool:
    """Whether it is a GS1 symbol with a part of a trade item's label; other carriers name their own kind of item."""
    said = (parsed.serial, parsed.lot, parsed.expiry)
    return parsed.kind is Kind.GS1 and any(part is not None for part in said)


def goods_of(label: Label, facts: Facts, today: date) -> Goods | Refused:
    """The goods that a label with a GTIN or an SSCC names; UNKNOWN_ITEM when its GTIN is on no list of ours."""
    if label.sscc is not None and label.gtin is None:
        return Container(sscc_place(label.sscc), None, label.lot, label.expiry)
    gtin = label.gtin or ""
    level: Level | None = facts[LevelOf(gtin, today)]
    if level is None:
        return Refused(Refusal.UNKNOWN_ITEM, {"gtin": gtin})
    if label.sscc is not None:
        return _logistic_unit(sscc_place(label.sscc), level, label)
    if label.serial is None:
        return _quantity(level, label)
    if level.factor == 1:
        return Unit(level.item, label.serial, label.lot, label.expiry)
    content = None if level.item.serialised else _quantity(level, label)
    return Container(case_place(gtin, label.serial), level, label.lot, label.expiry, content)


def _logistic_unit(container: str, level: Level, label: Label) -> Container:
    """A logistic unit whose label says what it holds (AI 02 and 37); serialised units are not told by a number."""
    content = None if level.item.serialised else _quantity(level, label)
    return Container(container, None, label.lot, label.expiry, content)


def _quantity(level: Level, label: Label) -> Quantity:
    # A count of 0 names no goods; the label then counts as one, like a label without a count.
    return Quantity(level, label.lot, label.expiry, label.count or 1)


def _place(parsed: ParsedScan, facts: Facts) -> ScannedPlace | Refused:
    for code in codes_of(parsed):
        place: Place | None = facts[PlaceOf(code)]
        if place is not None:
            return ScannedPlace(place)
    return Refused(Refusal.UNKNOWN_PLACE, {"place": parsed.code or ""})


def _document(parsed: ParsedScan, facts: Facts) -> ScannedDocument | Refused:
    for code in codes_of(parsed):
        document: Document | None = facts[DocumentOf(code)]
        if document is not None:
            return ScannedDocument(document)
    return Refused(Refusal.UNKNOWN_DOCUMENT, {"document": parsed.code or ""})


def scan_text(parsed: ParsedScan) -> str:
    """A scan as a sentence names it: without its symbology identifier, cut at 24 characters."""
    shown = parsed.text.removeprefix(parsed.symbology or "")
    return shown if len(shown) <= TEXT_SHOWN_MAX else shown[: TEXT_SHOWN_MAX - 1] + "…"


def scan_named(parsed: ParsedScan) -> str:
    """A scan by what its label alone tells: serial, container, item, lot, the code of an own label, else its text."""
    label = label_of(parsed)
    if label is None:
        return parsed.code or scan_text(parsed)
    return label_named(label)


def label_named(label: Label) -> str:
    """A label by the most telling thing on it: serial, container, item, lot or expiry."""
    container = None if label.sscc is None else container_text(sscc_place(label.sscc))
    expiry = None if label.expiry is None else label.expiry.isoformat()
    return label.serial or container or label.gtin or label.lot or expiry or ""


def scan_looked_up(parsed: ParsedScan, facts: Facts, today: date) -> str:
    """A scan by its goods as a sentence names them, where it is of any; else by what its label alone tells."""
    label = label_of(parsed)
    goods = None if label is None or (label.gtin, label.sscc) == (None, None) else goods_of(label, facts, today)
    return scan_named(parsed) if goods is None or isinstance(goods, Refused) else goods_text(goods)


def container_text(container: str) -> str:
    """A container as a sentence names it: `(00) …4711` for an SSCC, `(21) 7J3K` for a serialised case."""
    if container.startswith(SSCC_PLACE):
        return f"(00) …{container[-SSCC_TAIL:]}"
    return f"(21) {container.removeprefix(CASE_PLACE).partition(':')[2]}"


def goods_text(goods: Goods) -> str:
    """Goods as a sentence names them: serial, container, or the item's name."""
    if isinstance(goods, Unit):
        return goods.serial
    return container_text(goods.id) if isinstance(goods, Container) else goods.item.name


def goods_lines(goods: Goods, *, holds_cases: bool | None = None) -> tuple[Line, ...]:
    """The lines that say what was scanned: name, lot and expiry, serial or container.

    `holds_cases`: whether a logistic unit holds further containers; None where nobody says what is in it.
    """
    lines: list[Line] = []
    item = goods.item if not isinstance(goods, Container) else None
    if isinstance(goods, Container) and goods.level is not None:
        item = goods.level.item
    if item is not None:
        lines.append(item_line(item))
    lines.extend(batch_lines(goods.lot, goods.expiry))
    if isinstance(goods, Unit):
        lines.append(Line("line.serial", {"serial": goods.serial}))
    if isinstance(goods, Container):
        lines.append(_container_line(goods.id, holds_cases=holds_cases))
    return tuple(lines)


def _container_line(container: str, *, holds_cases: bool | None) -> Line:
    """PALLET for a logistic unit that holds cases; CASE for one of units and for a serialised case; SSCC for others."""
    code = "line.case_alone"
    if container.startswith(SSCC_PLACE):
        code = {True: "line.pallet", False: "line.case_alone", None: "line.sscc"}[holds_cases]
    return Line(code, {"container": container_text(container)})


def said_to_hold_cases(containers: int, units: int) -> bool | None:
    """Whether what holds so many containers and base units holds cases; None where it is said to hold nothing."""
    return bool(containers) if containers or units else None


def item_line(item: Item) -> Line:
    """The item's name and strength."""
    return Line("line.item", {"item": item.name, "strength": item.strength})


def batch_lines(lot: str | None, expiry: date | None) -> tuple[Line, ...]:
    """Lot and expiry as labelled values; none for what is unknown. Dates are ISO."""
    parameters: Parameters = {}
    if lot is not None:
        parameters["lot"] = lot
    if expiry is not None:
        parameters["expiry"] = expiry.isoformat()
    code = {(True, True): "line.lot", (True, False): "line.lot_alone", (False, True): "line.expiry"}.get(
        (lot is not None, expiry is not None)
    )
    return () if code is None else (Line(code, parameters),)
