"""What the feed brings and what it takes out of the overlay: nothing twice, nothing lost, nothing that stops it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from scanner_app.domain import facts as f
from scanner_app.domain.entry import EntryKind, encode_entry
from scanner_app.domain.feed import FedEntry, Scope, Standing
from scanner_app.domain.lists import MemberList
from scanner_app.domain.stock import SUPPLIER, Posting, Seal
from scanner_app.store import parking, site_movements
from scanner_app.store.verify import verify
from tests.store.feeding import OTHER_DEVICE, Site, chunks_of, forged, of_later_schema
from tests.store.ledgers import CASE, GTIN, OTHER, PALLET, START_MS, Writer, key, moved, open_ledger, received, scanned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner_app.domain.entry import Entry


@pytest.fixture
def site(writer: Writer) -> Iterator[Site]:
    """A device and its feed; whatever a test does, the ledger verifies afterwards."""
    found = Site(writer)
    yield found
    assert verify(writer.ledger.path).findings == ()


def quantities(site: Site, gtin: str = GTIN) -> dict[str, int]:
    return {line.place: line.quantity for line in site.ask(f.StockOf(gtin))}


def own(site: Site, *postings: Posting, document: str | None = None) -> Entry:
    entry = site.writer.entry(postings=postings, raw=scanned("x"), document=document)
    site.writer.append(entry)
    return entry


# --- the base --------------------------------------------------------------------------------------------------------


def test_what_another_device_did_is_the_sites_stock(site: Site) -> None:
    applied = site.take(
        site.others_row(received(key("S1")), document="ASN-1"), site.others_row(received(key(), "A-1", 3))
    )
    assert (applied.stock, applied.echoes, applied.sum_differs, applied.records) == (True, 0, False, frozenset())
    assert quantities(site) == {"DOCK-1": 1, "A-1": 3}
    unit = site.ask(f.UnitOf(GTIN, "S1"))
    assert (unit.place, unit.document, unit.seq) == ("DOCK-1", "ASN-1", 0)
    assert site.count("on_hand") == site.count("unit") == 0


def test_own_entries_come_after_what_the_feed_brings(site: Site) -> None:
    site.take(site.others_row(received(key("S1"), "DOCK-1"), document="ASN-1"))
    own(site, Posting(key("S1"), 1, "DOCK-1", "A-1"))
    assert quantities(site) == {"A-1": 1}
    site.take(site.others_row(Posting(key("S1"), 1, "DOCK-1", "B-2")))
    unit = site.ask(f.UnitOf(GTIN, "S1"))
    assert (unit.place, unit.document, unit.seq) == ("A-1", "ASN-1", 1)
    assert quantities(site) == {"DOCK-1": -1, "A-1": 1, "B-2": 1}


def test_a_cursor_moves_with_its_page_and_is_there_after_a_restart(site: Site, path: Path) -> None:
    site.take(site.others_row(received(key())), total="0" * 16)
    site.take(scope=Scope.WATCH)
    site.ledger.set_server_time(5, 6, "boot")
    before = site.ledger.site
    assert (before.cursor(Scope.FEED), before.cursor(Scope.WATCH), before.as_of) == (
        "cursor-1",
        "cursor-1",
        START_MS + 1,
    )
    assert (before.feed_n, before.watch_n, before.server_time) == (1, 0, 5)
    site.ledger.close()
    again = open_ledger(path)
    assert again.site == before
    again.close()


def test_the_sums_are_compared_where_a_page_reaches_the_end(site: Site) -> None:
    row = site.others_row(received(key()))
    assert site.take(row, total="0" * 16).sum_differs
    assert not site.take(total=f"{site.ledger.site.site_sum:016x}").sum_differs
    assert not site.take(site.others_row(received(key()))).sum_differs


def test_a_page_that_comes_twice_counts_once(site: Site) -> None:
    entry = own(site, received(key("S1")))
    rows = [site.row(entry), site.others_row(received(key(), quantity=2))]
    site.take(*rows)
    cursor = site.ledger.site.feed_cursor
    assert site.take(*rows).echoes == 0
    site.take(*rows, site.others_row(received(key())))
    assert quantities(site) == {"DOCK-1": 4}
    site.ledger.apply_page([site.others_row(received(key()))], replace_end(site), asked="cursor-0")
    assert quantities(site) == {"DOCK-1": 4}
    assert site.ledger.site.feed_cursor == cursor.replace("2", "3") if cursor else None


def replace_end(site: Site):  # noqa: ANN201 - the end of the next page
    from scanner_app.store.ledger import PageEnd

    return PageEnd(Scope.FEED, f"cursor-{site.number}", START_MS)
