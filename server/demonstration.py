"""The demonstration site at the centre: its records, and its opening stock as entries that handhelds have too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.demo.badges import operators_with_verifiers
from scanner_app.demo.opening import opening_entries
from scanner_app.demo.site import load_demo
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_records import (
    ContainerRecord,
    DocumentRecord,
    LevelRecord,
    LineRecord,
    SiteRecords,
    UnitRecord,
)
from server.fold import Fold
from server.imports import put_records
from server.own_chain import own_entry, write_own

if TYPE_CHECKING:
    from datetime import date

    from scanner_app.demo.site import DemoDocument, DemoSite
    from scanner_app.domain.refusals import Parameters
    from server.writing import Writing


def load_demonstration(writing: Writing, today: date) -> None:
    """Records and opening stock, as they are on a day."""
    site = load_demo(today)
    records = _records(site)
    put_records(writing, records)
    told: Parameters = {"kind": "demonstration", "records": len(records)}
    write_own(writing, own_entry(writing, EntryKind.IMPORT, Accepted(parameters=told)))
    fold = Fold(writing.session, writing.site, writing.exchange)
    for entry in opening_entries(site):
        write_own(writing, entry)
        fold.add(entry, {}, entry.origin.device)
    fold.write()


def _records(site: DemoSite) -> SiteRecords:
    return SiteRecords(
        items=site.items,
        levels=tuple(
            LevelRecord(each.gtin, each.item, each.factor, each.name, each.valid_from) for each in site.levels
        ),
        places=site.places,
        operators=operators_with_verifiers(site),
        documents=tuple(_document(document) for document in site.documents),
        watches=site.watches,
    )


def _document(document: DemoDocument) -> DocumentRecord:
    return DocumentRecord(
        id=document.id,
        kind=document.kind,
        partner=document.partner,
        containers=tuple(ContainerRecord(each.id, each.parent) for each in document.containers),
        units=tuple(UnitRecord(each.gtin, each.serial, each.lot, each.expiry, each.parent) for each in document.units),
        lines=tuple(LineRecord(each.gtin, each.lot, each.expiry, each.quantity) for each in document.lines),
    )
