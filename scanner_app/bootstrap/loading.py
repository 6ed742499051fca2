"""The demonstration site put into a home: its master records by one import, its opening stock as entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.demo.badges import operators_with_verifiers
from scanner_app.demo.opening import opening_entries
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
from scanner_app.terminal.judging import Context, Judge
from scanner_app.workflows.step import Draft

if TYPE_CHECKING:
    from scanner_app.demo.site import DemoDocument, DemoSite
    from scanner_app.store.ledger import Ledger


def load_into(ledger: Ledger, site: DemoSite, judge: Judge) -> None:
    """Imports the site and takes its opening balance, all in one commit.

    The opening entries are the same wherever they are written: a centre with the demonstration counts them once.
    """
    records = site_records(site)
    with ledger.step() as step:
        step.put_records(records)
        imported = Accepted(parameters={"kind": "demonstration", "records": len(records)})
        judge.write(step, Draft(EntryKind.IMPORT, imported), Context())
        for entry in opening_entries(site):
            step.append(entry)


def site_records(site: DemoSite) -> SiteRecords:
    """The demonstration's master records in the forms of an import; argon2 takes about 20 ms for each operator."""
    return SiteRecords(
        items=site.items,
        levels=tuple(
            LevelRecord(level.gtin, level.item, level.factor, level.name, level.valid_from) for level in site.levels
        ),
        places=site.places,
        operators=operators_with_verifiers(site),
        documents=tuple(_record(document) for document in site.documents),
        watches=site.watches,
    )


def _record(document: DemoDocument) -> DocumentRecord:
    return DocumentRecord(
        id=document.id,
        kind=document.kind,
        partner=document.partner,
        containers=tuple(ContainerRecord(each.id, each.parent) for each in document.containers),
        units=tuple(UnitRecord(each.gtin, each.serial, each.lot, each.expiry, each.parent) for each in document.units),
        lines=tuple(LineRecord(each.gtin, each.lot, each.expiry, each.quantity) for each in document.lines),
    )
