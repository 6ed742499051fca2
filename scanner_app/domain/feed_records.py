"""Master records as the feed carries them: kind, id and a JSON body each (docs/contract/records.md).

A record is state: its newest body is all there is to know. An id of several parts is the JSON text of their list. A
document comes as parts of at most 500 rows and then a head that makes it visible, so that no row is ever large.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from scanner_app.domain.dates import day_text
from scanner_app.domain.masters import DocumentKind, Item, Operator, Place, PlaceKind, Role, StorageClass, Watch
from scanner_app.domain.site_records import LevelRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanner_app.domain.site_records import DocumentRecord, SiteRecords

ITEM: Final = "item"
LEVEL: Final = "level"
PLACE: Final = "place"
OPERATOR: Final = "operator"
WATCH: Final = "watch"
DOCUMENT: Final = "document"
DOCUMENT_PART: Final = "document_part"
PART_ROWS_MAX: Final = 500

Body = dict[str, Any]


class RecordFormatError(ValueError):
    """A body that is not a record of its kind."""


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """A document without its rows; `parts`: how many came before it."""

    id: str
    kind: DocumentKind
    partner: str
    owner: str
    serialised: bool
    parts: int


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """Rows of a document. Part 0 takes away whatever an earlier sending of the document left.

    Containers: id, parent. Units: gtin, serial, lot, expiry, parent. Lines: number, gtin, lot, expiry, expected. An
    unknown lot, expiry or parent is ''.
    """

    document: str
    number: int
    containers: tuple[tuple[str, str], ...] = ()
    units: tuple[tuple[str, str, str, str, str], ...] = ()
    lines: tuple[tuple[int, str, str, str, int], ...] = ()


Record = Item | LevelRecord | Place | Operator | Watch | DocumentHead | DocumentPart


def bodies_of(records: SiteRecords) -> Iterator[tuple[str, str, Body]]:
    """Kind, id and body of each record that an import brings, in an order that a reader may apply them in."""
    for item in records.items:
        yield ITEM, item.gtin, _item_body(item)
    for level in records.levels:
        yield LEVEL, compound(level.gtin, day_text(level.valid_from)), _level_body(level)
    for place in records.places:
        yield PLACE, place.code, _place_body(place)
    for operator in records.operators:
        yield OPERATOR, operator.id, _operator_body(operator)
    for watch in records.watches:
        yield WATCH, watch_id(watch), watch_body(watch)
    for document in records.documents:
        yield from _document_bodies(document)


def compound(*parts: str | int) -> str:
    """The id of a record whose key has several parts."""
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def watch_id(watch: Watch) -> str:
    """The id of a watch line."""
    return compound(watch.id, watch.gtin, watch.lot or "", watch.serial or "")


def _item_body(item: Item) -> Body:
    return {
        "gtin": item.gtin, "name": item.name, "strength": item.strength, "storage_class": item.storage_class.value,
        "serialised": item.serialised, "covered": item.covered, "lot_controlled": item.lot_controlled,
        "schedule": item.schedule,
    }  # fmt: skip


def _level_body(level: LevelRecord) -> Body:
    return {
        "gtin": level.gtin, "item": level.item, "factor": level.factor, "name": level.name,
        "valid_from": day_text(level.valid_from),
    }  # fmt: skip


def _place_body(place: Place) -> Body:
    return {
        "code": place.code, "kind": place.kind.value, "storage_class": place.storage_class.value, "walk": place.walk,
    }  # fmt: skip


def _operator_body(operator: Operator) -> Body:
    return {
        "id": operator.id, "name": operator.name, "role": operator.role.value, "verifier": operator.verifier,
        "language": operator.language, "active": operator.active,
    }  # fmt: skip


def watch_body(watch: Watch) -> Body:
    """The body of a watch line."""
    return {
        "id": watch.id, "kind": watch.kind, "gtin": watch.gtin, "lot": watch.lot, "serial": watch.serial,
        "reason": watch.reason,
    }  # fmt: skip


def _document_bodies(document: DocumentRecord) -> Iterator[tuple[str, str, Body]]:
    """The parts, then the head."""
    rows: list[tuple[str, list[str | int]]] = []
    rows += [("containers", [each.id, each.parent or ""]) for each in document.containers]
    rows += [
        ("units", [each.gtin, each.serial, each.lot or "", day_text(each.expiry), each.parent or ""])
        for each in document.units
    ]
    rows += [
        ("lines", [number, each.gtin, each.lot or "", day_text(each.expiry), each.quantity])
        for number, each in enumerate(document.all_lines(), start=1)
    ]
    parts = [rows[start : start + PART_ROWS_MAX] for start in range(0, max(len(rows), 1), PART_ROWS_MAX)]
    for number, part in enumerate(parts):
        body: Body = {"document": document.id, "number": number, "containers": [], "units": [], "lines": []}
        for name, row in part:
            body[name].append(row)
        yield DOCUMENT_PART, compound(document.id, number), body
    yield DOCUMENT, document.id, {
        "id": document.id, "kind": document.kind.value, "partner": document.partner, "owner": document.owner,
        "serialised": document.serialised, "parts": len(parts),
    }  # fmt: skip


def record_of(kind: str, body: Body) -> Record | None:
    """The record in a body; None for a kind that this version does not know. Raises RecordFormatError."""
    read = READERS.get(kind)
    if read is None:
        return None
    try:
        return read(body)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        raise RecordFormatError(f"not a record of kind {kind}: {fault!r}") from fault


def _item(body: Body) -> Item:
    return Item(
        text_of(body["gtin"]), text_of(body["name"]), text_of(body["strength"]), StorageClass(body["storage_class"]),
        bool(body["serialised"]), bool(body["covered"]), bool(body["lot_controlled"]), text_or_none(body["schedule"]),
    )  # fmt: skip


def _level(body: Body) -> LevelRecord:
    day = text_of(body["valid_from"])
    return LevelRecord(
        text_of(body["gtin"]), text_of(body["item"]), number_of(body["factor"]), text_of(body["name"]),
        date.fromisoformat(day) if day else None,
    )  # fmt: skip


def _place(body: Body) -> Place:
    return Place(
        text_of(body["code"]), PlaceKind(body["kind"]), StorageClass(body["storage_class"]), number_of(body["walk"])
    )


def _operator(body: Body) -> Operator:
    return Operator(
        text_of(body["id"]), text_of(body["name"]), Role(body["role"]), text_of(body["verifier"]),
        text_of(body["language"]), bool(body["active"]),
    )  # fmt: skip


def _watch(body: Body) -> Watch:
    return Watch(
        text_of(body["id"]), text_of(body["kind"]), text_of(body["gtin"]), text_or_none(body["lot"]),
        text_or_none(body["serial"]), text_of(body["reason"]),
    )  # fmt: skip


def _head(body: Body) -> DocumentHead:
    return DocumentHead(
        text_of(body["id"]), DocumentKind(body["kind"]), text_of(body["partner"]), text_of(body["owner"]),
        bool(body["serialised"]), number_of(body["parts"]),
    )  # fmt: skip


def _part(body: Body) -> DocumentPart:
    containers = [(text_of(each), text_of(parent)) for each, parent in body["containers"]]
    units = [
        (text_of(gtin), text_of(serial), text_of(lot), text_of(expiry), text_of(parent))
        for gtin, serial, lot, expiry, parent in body["units"]
    ]
    lines = [
        (number_of(number), text_of(gtin), text_of(lot), text_of(expiry), number_of(expected))
        for number, gtin, lot, expiry, expected in body["lines"]
    ]
    return DocumentPart(
        text_of(body["document"]), number_of(body["number"]), tuple(containers), tuple(units), tuple(lines)
    )


READERS: Final[dict[str, Callable[[Body], Record]]] = {
    ITEM: _item, LEVEL: _level, PLACE: _place, OPERATOR: _operator, WATCH: _watch, DOCUMENT: _head,
    DOCUMENT_PART: _part,
}  # fmt: skip


def text_of(value: object) -> str:
    """A text in a body. Raises TypeError."""
    if not isinstance(value, str):
        raise TypeError(f"text is wanted, not {value!r}")
    return value


def text_or_none(value: object) -> str | None:
    """A text in a body, or null. Raises TypeError."""
    return None if value is None else text_of(value)


def number_of(value: object) -> int:
    """A whole number in a body. Raises TypeError."""
    if type(value) is not int:
        raise TypeError(f"a whole number is wanted, not {value!r}")
    return value
