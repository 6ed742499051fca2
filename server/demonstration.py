"""The demonstration site at the centre: its records, and its opening stock as entries that handhelds have too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.demo.opening import opening_entries
from scanner_app.demo.records import site_records
from scanner_app.demo.site import load_demo
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted
from server.fold import Fold
from server.imports import put_records
from server.own_chain import own_entry, write_own

if TYPE_CHECKING:
    from datetime import date

    from scanner_app.domain.refusals import Parameters
    from server.writing import Writing


def load_demonstration(writing: Writing, today: date) -> None:
    """Records and opening stock, as they are on a day."""
    site = load_demo(today)
    records = site_records(site)
    put_records(writing, records)
    told: Parameters = {"kind": "demonstration", "records": len(records)}
    write_own(writing, own_entry(writing, EntryKind.IMPORT, Accepted(parameters=told)))
    fold = Fold(writing.session, writing.site, writing.exchange)
    for entry in opening_entries(site):
        write_own(writing, entry)
        fold.add(entry, {}, entry.origin.device)
    fold.write()
