"""Records of the feed: the tables are as an import would make them, each record by its newest body alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.domain import facts as f
from scanner_app.domain.feed import Scope
from scanner_app.domain.feed_records import PART_ROWS_MAX, bodies_of, compound
from scanner_app.domain.keys import Sscc
from scanner_app.domain.masters import DocumentKind
from scanner_app.domain.refusals import Refusal
from scanner_app.domain.site_records import DocumentRecord, SiteRecords, UnitRecord
from scanner_app.domain.site_state import Flag, Lease
from scanner_app.store.ledger import Ledger, PageEnd
from scanner_app.store.verify import verify
from tests.store.feeding import Site
from tests.store.ledgers import DEVICE, EXPIRY, GTIN, START_MS, Writer, make_epoch
from tests.store.test_knowledge import RECALLED, RECORDS, STOLEN, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MASTERS = {
    "item": "gtin",
    "item_level": "gtin, valid_from",
    "place": "code",
    "operator": "id",
    "watch": "gtin, lot, serial, id",
    "document": "id",
    "document_line": "document, gtin, number",
    "document_unit": "gtin, serial, document",
    "document_container": "id, document",
}


@pytest.fixture
def site(writer: Writer) -> Iterator[Site]:
    found = Site(writer)
    yield found
    assert verify(writer.ledger.path).findings == ()


def masters(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    sql = {table: f"SELECT * FROM {table} ORDER BY {order}" for table, order in MASTERS.items()}  # noqa: S608 - the names above
    found = {table: ledger._connection.execute(each).fetchall() for table, each in sql.items()}
    return {table: [row[1:] if table == "document" else row for row in rows] for table, rows in found.items()}


def test_records_of_the_feed_are_what_an_import_brings(site: Site, tmp_path: Path) -> None:
    watch = [row for row in site.records(RECORDS) if row.kind == "watch"]
    applied = site.take(*watch, scope=Scope.WATCH)
    assert applied.records == {"watch"}
    rows = [row for row in site.records(RECORDS) if row.kind != "watch"]
    assert site.take(*rows).records == {"item", "level", "place", "operator", "document_part", "document"}
    imported = Ledger.open(tmp_path / "imported.db", DEVICE, make_epoch)
    with imported.step() as step:
        step.put_records(RECORDS)
    assert masters(site.ledger) == masters(imported)
    imported.close()
    gone = [site.record(kind, record, None) for kind, record, _ in bodies_of(RECORDS)]
    site.take(*gone)
    assert {table: rows for table, rows in masters(site.ledger).items() if rows} == {}


def test_a_newer_body_takes_the_place_of_the_older(site: Site) -> None:
    site.take(*site.records(RECORDS))
    changed = replace(RECORDS.items[0], name="Panacea forte")
    site.take(*site.records(SiteRecords(items=(changed,))))
    assert site.ask(f.LevelOf(GTIN, TODAY)).item.name == "Panacea forte"
    assert site.ask(f.WatchesOn(GTIN, "R9", "S3")) == (STOLEN, RECALLED)


def large(units: int, lot: str = "L1") -> DocumentRecord:
    return DocumentRecord(
        "ASN-9", DocumentKind.ASN, "Maker",
        units=tuple(UnitRecord(GTIN, f"S{n:05}", lot, EXPIRY) for n in range(units)),
    )  # fmt: skip


def test_a_document_is_visible_once_its_head_has_come(site: Site) -> None:
    *parts, head = site.records(SiteRecords(documents=(large(PART_ROWS_MAX + 10),)))
    assert len(parts) == 2
    site.take(*parts)
    assert site.ask(f.ExpectedUnit(GTIN, "S00000")) == ()
    site.take(head)
    assert site.ask(f.ExpectedUnit(GTIN, "S00000"))[0].document == "ASN-9"
    assert site.ask(f.DocumentSummary("ASN-9")).expected == PART_ROWS_MAX + 10


def test_only_the_parts_that_changed_need_to_come_again(site: Site) -> None:
    """A centre numbers a record anew where its body changed, and only there."""
    before = {(kind, record): body for kind, record, body in bodies_of(SiteRecords(documents=(large(1_200),)))}
    site.take(*(site.record(*key, body) for key, body in before.items()))
    shorter = replace(large(900), units=tuple(replace(unit, lot="L9") for unit in large(900).units))
    changed = {(kind, record): body for kind, record, body in bodies_of(SiteRecords(documents=(shorter,)))}
    rows = [site.record(*key, body) for key, body in changed.items() if before.get(key) != body]
    gone = [site.record(*key, None) for key in before if key not in changed]
    site.take(*rows, *gone)
    summary = site.ask(f.DocumentSummary("ASN-9"))
    assert (summary.expected, [(line.lot, line.expected) for line in summary.lines]) == (900, [("L9", 900)])
    assert site.rows_of("SELECT count(*), count(DISTINCT lot) FROM document_unit") == [(900, 1)]


def test_a_unit_may_go_from_one_part_to_another_in_any_order(site: Site) -> None:
    first, second, head = site.records(SiteRecords(documents=(large(PART_ROWS_MAX + 1),)))
    site.take(first, second, head)
    assert first.body is not None
    assert second.body is not None
    units = [*second.body["units"], *first.body["units"][:1]]
    site.take(site.record(second.kind, second.id, {**second.body, "units": units}))
    site.take(site.record(first.kind, first.id, {**first.body, "units": first.body["units"][1:]}))
    assert site.count("document_unit") == PART_ROWS_MAX + 1
    site.take(site.record(first.kind, first.id, first.body), site.record(second.kind, second.id, second.body))
    assert site.count("document_unit") == PART_ROWS_MAX + 1


def test_a_kind_that_is_not_known_is_kept_as_it_came(site: Site) -> None:
    site.take(site.record("policy", "expiry", {"days": 30}), site.record("policy", "other", {}))
    assert site.ledger.records_of_kind("policy") == [("expiry", {"days": 30}), ("other", {})]
    site.take(site.record("policy", "expiry", {"days": 60}), site.record("policy", "other", None))
    assert site.ledger.records_of_kind("policy") == [("expiry", {"days": 60})]


def test_a_record_that_is_none_waits_until_a_newer_one_comes(site: Site) -> None:
    (row,) = site.records(SiteRecords(items=(RECORDS.items[0],)))
    assert row.body is not None
    site.take(site.record("item", GTIN, {**row.body, "storage_class": "lukewarm"}), site.record("watch", "[]", None))
    assert site.rows_of("SELECT reason, subject FROM parked ORDER BY n") == [
        ("record", f"item {GTIN}"), ("record", "watch []"),
    ]  # fmt: skip
    site.take(site.record("item", GTIN, row.body), site.record("level", "no list", None))
    site.take(site.record("document_part", compound("ASN-1", "x"), None))
    assert [each for (each,) in site.rows_of("SELECT reason FROM parked ORDER BY n")] == ["record", "record", "unfit"]
    site.ledger.try_parked()
    assert site.ledger.counters().parked == 3


def flag(flag_id: str, *, closed: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "id": flag_id, "code": "NEGATIVE", "severity": "medium", "subject": "place:A-1", "event_id": "event-1",
        "device": DEVICE, "document": None, "parameters": {}, "opened_ms": 1, "closed": closed,
    }  # fmt: skip


def test_flags_are_there_while_they_are_open(site: Site) -> None:
    site.take(site.record("flag", "F2", flag("F2")), site.record("flag", "F1", flag("F1")))
    assert site.ledger.flags_open() == [
        Flag(each, "NEGATIVE", "medium", "place:A-1", "event-1") for each in ("F2", "F1")
    ]  # fmt: skip
    site.take(site.record("flag", "F2", flag("F2", closed={"by": "USR-1"})), site.record("flag", "F1", None))
    assert site.ledger.flags_open() == []


# --- leases ----------------------------------------------------------------------------------------------------------


def lease(site: Site, lease_id: str, first: int, last: int, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    return {
        "id": lease_id, "kind": "sscc", "device": DEVICE, "epoch": site.ledger.head[0].hex(), "subject": "0952100100",
        "until": None, "first": first, "last": last, **changed,
    }  # fmt: skip


def take(site: Site) -> str | Refusal:
    with site.ledger.step() as step:
        return step.take_sscc()


def test_serial_references_are_given_once_in_their_order(site: Site) -> None:
    assert take(site) is Refusal.NO_SSCC_LEFT
    site.take(site.record("lease", "A", lease(site, "A", 41, 42)), site.record("lease", "B", lease(site, "B", 7, 7)))
    given = [take(site) for _ in range(4)]
    assert [str(each)[:-1] for each in given[:3]] == ["09521001000000041", "09521001000000042", "09521001000000007"]
    assert all(str(Sscc.of(str(each))) == each for each in given[:3])
    assert given[3] is Refusal.NO_SSCC_LEFT


def take_and_fail(site: Site) -> None:
    with site.ledger.step() as step:
        step.take_sscc()
        raise ZeroDivisionError


def test_a_serial_reference_is_given_by_the_commit_that_uses_it(site: Site) -> None:
    site.take(site.record("lease", "A", lease(site, "A", 1, 9)))
    with pytest.raises(ZeroDivisionError):
        take_and_fail(site)
    assert str(take(site)).startswith("09521001000000001")
    site.take(site.record("lease", "A", lease(site, "A", 1, 12)))
    assert site.ledger.leases_open() == [
        Lease("A", "sscc", DEVICE, site.ledger.head[0].hex(), "0952100100", None, 2, 12)
    ]
    site.take(site.record("lease", "A", None))
    assert take(site) is Refusal.NO_SSCC_LEFT


def test_a_new_epoch_gives_leases_up(site: Site) -> None:
    """A copy of this ledger may have used them: the range of another incarnation is never touched."""
    site.take(site.record("lease", "A", lease(site, "A", 1, 9)))
    body = lease(site, "A", 1, 9)
    site.ledger.open_epoch(make_epoch())
    assert take(site) is Refusal.NO_SSCC_LEFT
    site.take(site.record("lease", "A", body), site.record("lease", "T", lease(site, "T", 0, 0, kind="task")))
    assert take(site) is Refusal.NO_SSCC_LEFT
    assert [each.kind for each in site.ledger.leases_open()] == ["task"]


@pytest.mark.parametrize(
    "changed", [{"first": -1}, {"last": 10_000_000}, {"subject": "x"}, {"until": "soon"}, {"first": "1"}], ids=str
)
def test_a_lease_that_is_none_is_not_used(site: Site, changed: dict[str, Any]) -> None:
    site.take(site.record("lease", "A", {**lease(site, "A", 1, 9), **changed}))
    assert take(site) is Refusal.NO_SSCC_LEFT
    assert json.loads(site.rows_of("SELECT row FROM parked")[0][0])["kind"] == "lease"


def test_a_policy_is_a_whole_number_or_none(site: Site) -> None:
    assert site.ask(f.PolicyOf("recall_list_hours")) is None
    site.take(site.record("policy", "recall_list_hours", {"name": "recall_list_hours", "value": 24}))
    site.take(site.record("policy", "odd", {"name": "odd", "value": "many"}))
    assert site.ask(f.PolicyOf("recall_list_hours")) == 24
    assert site.ask(f.PolicyOf("odd")) is None


def test_how_old_the_list_of_recalls_is_follows_its_last_whole_page(site: Site) -> None:
    site.ledger.apply_page((), PageEnd(Scope.WATCH, "c1", START_MS, None, whole=False))
    assert site.ledger.site.watch_as_of is None
    site.ledger.apply_page((), PageEnd(Scope.FEED, "c2", START_MS, None, whole=True))
    assert site.ledger.site.watch_as_of is None
    site.ledger.apply_page((), PageEnd(Scope.WATCH, "c2", START_MS + 5, None, whole=True))
    assert site.ledger.site.watch_as_of == START_MS + 5
