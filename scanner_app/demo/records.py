"""The demonstration's master records in the forms of an import: a handheld and a centre take the very same ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.demo.badges import operators_with_verifiers
from scanner_app.domain.site_records import (
    ContainerRecord,
    DocumentRecord,
    LevelRecord,
    LineRecord,
    SiteRecords,
    UnitRecord,
)

if TYPE_CHECKING:
    from scanner_app.demo.site import DemoDocument, DemoSite


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
