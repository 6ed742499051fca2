"""The demonstration site put into a home: its master records by one import, its opening stock as entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.demo.opening import opening_entries
from scanner_app.demo.records import site_records
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.refusals import Accepted
from scanner_app.terminal.judging import Context, Judge
from scanner_app.workflows.step import Draft

if TYPE_CHECKING:
    from scanner_app.demo.site import DemoSite
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
