"""The forms of imported files (docs/import.md): rows become records, or bad rows that are named, each with every cell.

Pure: text in, records and bad rows out. Nothing is guessed; a row is right, or its columns and remedies are named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanner_app.domain.import_cells import Cells
from scanner_app.domain.import_documents import document_rows, documents_of, read_document_row
from scanner_app.domain.import_json import json_rows
from scanner_app.domain.import_records import READERS, Reading, check_levels
from scanner_app.domain.import_rows import BadFileError, Form, Rows, csv_rows, is_json, plain_text
from scanner_app.domain.masters import DEFAULT_OWNER

if TYPE_CHECKING:
    from collections.abc import Container

    from scanner_app.domain.import_documents import Gathering

FORMS: Final = {
    "items": Form(
        columns=(
            "gtin", "name", "strength", "storage_class", "serialised", "covered", "lot_controlled", "schedule",
            "item", "factor", "valid_from",
        ),
        key="gtin", needed=("gtin",), lists=("items", "levels"), spared={"item": ("name", "storage_class")},
    ),
    "locations": Form(
        columns=("code", "kind", "storage_class", "walk"),
        key="code", needed=("code", "kind", "storage_class"), lists=("locations",),
    ),
    "operators": Form(
        columns=("id", "name", "role", "language", "active", "token", "pin", "verifier"),
        key="id", needed=("id", "name", "role"), lists=("operators",), spared={"verifier": ("token", "pin")},
    ),
    "watches": Form(
        columns=("id", "kind", "gtin", "lot", "serial", "reason"),
        key="id", needed=("id", "kind", "gtin", "reason"), lists=("watches",),
    ),
    "documents": Form(
        columns=(
            "document", "kind", "partner", "owner", "container", "parent", "gtin", "serial", "lot", "expiry",
            "quantity",
        ),
        key="document", needed=("document", "kind", "partner"), lists=("documents",),
    ),
}  # fmt: skip
"""The form of each kind of file that can be imported."""


def read_file(kind: str, text: str, owner: str = DEFAULT_OWNER, without: Container[str] = ()) -> Reading:
    """What a file of a kind (`FORMS`) holds; a text that begins like JSON is read as JSON.

    `owner`: whose goods a document brings that does not say so. Its records are of use only where nothing is bad.
    `without`: places of rows that are passed over.
    """
    try:
        rows = _rows_of(kind, plain_text(text))
    except BadFileError as fault:
        return Reading(bad=[fault.bad])
    reading = Reading(owner, bad=[bad for bad in rows.bad if bad.where not in without])
    gathered: dict[str, Gathering] = {}
    for row in rows.good:
        if row.where in without:
            continue
        cells = Cells(row)
        if kind == "documents":
            read_document_row(cells, reading, gathered)
        else:
            READERS[kind](cells, reading)
        reading.bad += cells.bad
    check_levels(reading)
    documents_of(gathered, reading)
    return reading


def _rows_of(kind: str, plain: str) -> Rows:
    if not is_json(plain):
        return csv_rows(plain, FORMS[kind])
    return document_rows(plain, FORMS[kind].lists) if kind == "documents" else json_rows(plain, FORMS[kind])
