"""Imported documents: the rows of each are gathered by its id, whether they came as CSV or as one JSON object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from scanner_app.domain.import_json import JsonFile, row_of
from scanner_app.domain.import_rows import BadRow, Row, Rows, place_of, shown
from scanner_app.domain.masters import DocumentKind
from scanner_app.domain.site_records import ContainerRecord, DocumentRecord, LineRecord, UnitRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanner_app.domain.import_cells import Cells
    from scanner_app.domain.import_records import Reading

UNIT_QUANTITIES: Final = frozenset({"", "1"})
DOCUMENT_FIELDS: Final = ("id", "kind", "partner", "owner")
PART_FIELDS: Final = {
    "containers": ("id", "parent"),
    "units": ("gtin", "serial", "lot", "expiry", "parent"),
    "lines": ("gtin", "lot", "expiry", "quantity"),
}
"""What the parts of a JSON document hold."""


@dataclass(slots=True)
class Gathering:
    """A document while its rows are read: what its first row said of it, and its parts so far."""

    where: str
    kind: DocumentKind
    partner: str
    owner: str
    said: dict[str, str]
    containers: list[ContainerRecord] = field(default_factory=list)
    parents: list[tuple[str, str]] = field(default_factory=list)
    """Each container that something stands in: on which row, and which."""
    units: list[UnitRecord] = field(default_factory=list)
    lines: list[LineRecord] = field(default_factory=list)

    def problem(self) -> str:
        """What is wrong with its parts as a whole; empty for nothing."""
        if not (self.containers or self.units or self.lines):
            return "names no container, unit or line"
        mixed = self.lines and (self.containers or self.units)
        return "names lines beside containers or units: use one of both" if mixed else ""


def read_document_row(cells: Cells, reading: Reading, gathered: dict[str, Gathering]) -> None:
    """A container, a unit or a line of a document, or what is said of it alone; its rows belong together by its id."""
    document = cells.text("document")
    known = gathered.get(document)
    if known is None:
        known = gathered[document] = _first_row(cells, reading.owner)
        reading.first["document", document] = cells.where
    for column, said in known.said.items():
        if cells.has(column) and cells.raw(column) != said:
            cells.refuse(column, f"is {shown(cells.raw(column))} here, but {shown(said)} on {known.where}")
    if cells.has("container"):
        _read_container(cells, reading, document, known)
    elif cells.has("serial"):
        _read_unit(cells, reading, document, known)
    elif any(map(cells.has, ("parent", "gtin", "lot", "expiry", "quantity"))):
        _read_line(cells, reading, known)


def _first_row(cells: Cells, owner: str) -> Gathering:
    said = {column: cells.raw(column) for column in ("kind", "partner", "owner")}
    kind, partner = cells.word("kind", DocumentKind), cells.text("partner")
    return Gathering(cells.where, kind, partner, cells.optional("owner") or owner, said)


def _read_container(cells: Cells, reading: Reading, document: str, known: Gathering) -> None:
    container = cells.container("container") or ""
    for column in ("gtin", "serial", "lot", "expiry", "quantity"):
        if cells.has(column):
            cells.refuse(column, "does not belong to a container: give its content rows of their own")
    cells.once(reading.first, "container", "container", document, container)
    parent = _read_parent(cells, known)
    if container and parent == container:
        cells.refuse("parent", f"{container} cannot stand in itself")
    known.containers.append(ContainerRecord(container, parent))


def _read_parent(cells: Cells, known: Gathering) -> str | None:
    """The container that a row stands in."""
    parent = cells.container("parent")
    if parent:
        known.parents.append((cells.where, parent))
    return parent


def _read_unit(cells: Cells, reading: Reading, document: str, known: Gathering) -> None:
    unit = UnitRecord(
        cells.gtin("gtin"), cells.serial() or "", cells.lot(), cells.day("expiry"), _read_parent(cells, known)
    )
    if cells.raw("quantity") not in UNIT_QUANTITIES:
        cells.refuse("quantity", "must be 1 or empty: a serial is on one unit")
    cells.once(reading.first, "serial", "unit", document, unit.gtin, unit.serial)
    reading.want(cells, "gtin", unit.gtin)
    known.units.append(unit)


def _read_line(cells: Cells, reading: Reading, known: Gathering) -> None:
    line = LineRecord(cells.gtin("gtin"), cells.lot(), cells.day("expiry"), cells.count("quantity"))
    if cells.has("parent"):
        cells.refuse("parent", "belongs to containers, and to units with a serial")
    reading.want(cells, "gtin", line.gtin)
    known.lines.append(line)


def documents_of(gathered: dict[str, Gathering], reading: Reading) -> None:
    """Adds the documents that are gathered, and what is wrong with one as a whole."""
    for document, parts in gathered.items():
        if parts.problem():
            reading.bad.append(BadRow(parts.where, "", parts.problem()))
        reading.bad += _odd_parents(parts)
        reading.documents.append(_document_record(document, parts))


def _odd_parents(parts: Gathering) -> Iterator[BadRow]:
    """Parents that the document does not name, and one container of each ring of containers."""
    above = {container.id: container.parent for container in parts.containers}
    for where, parent in parts.parents:
        if parent not in above:
            yield BadRow(where, "parent", f"{parent} is no container of this document: give it a row of its own")
    settled: set[str | None] = {None}
    for container in above:
        way: list[str | None] = []
        at: str | None = container
        while at not in settled and at not in way:
            way.append(at)
            at = above.get(at or "")
        if at in way and len(way) - way.index(at) > 1:
            yield BadRow(parts.where, "parent", f"{at} stands in itself, by way of {above[at or '']}")
        settled.update(way)


def _document_record(document: str, parts: Gathering) -> DocumentRecord:
    return DocumentRecord(
        document, parts.kind, parts.partner, parts.owner,
        tuple(parts.containers), tuple(parts.units), tuple(parts.lines),
    )  # fmt: skip


def document_rows(plain: str, lists: tuple[str, ...]) -> Rows:
    """The rows of JSON documents: one for what is said of each, one for each of its parts. Raises BadFileError."""
    file = JsonFile(plain)
    rows = Rows()
    seen: dict[str, str] = {}
    for where, document in file.objects(lists, DOCUMENT_FIELDS[0]):
        place = place_of(where, document.get("id"))
        said = {name: value for name, value in document.items() if name not in PART_FIELDS}
        head = row_of(said, place, (*DOCUMENT_FIELDS, *PART_FIELDS), rows.bad)
        name = head.cells.pop("id", "")
        if seen.setdefault(name, place) != place:
            rows.bad.append(BadRow(place, "id", f"{name} stands on {seen[name]} already"))
        rows.good.append(Row(place, {**head.cells, "document": name}))
        rows.good.extend(_part_rows(file, document, name, rows.bad))
    return rows


def _part_rows(file: JsonFile, document: dict[str, Any], name: str, bad: list[BadRow]) -> Iterator[Row]:
    """The rows of a document's containers, units and lines."""
    for part_name, known in PART_FIELDS.items():
        for where, part in file.members_of(document.get(part_name, []), part_name):
            row = row_of(part, place_of(where, name), known, bad)
            cells = row.cells
            if part_name == "containers":
                cells = {"container": cells.get("id", ""), "parent": cells.get("parent", "")}
            yield Row(row.where, {**cells, "document": name})
