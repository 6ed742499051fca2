"""The units of own counts: each is known once it is counted, until it is taken back, whatever the site has heard."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.domain import facts as f
from scanner_app.domain.entry import Entry, EntryKind, decode_entry
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.store import schema
from scanner_app.store.trail import Trail
from scanner_app.store.verify import verify
from tests.store.feeding import Site
from tests.store.ledgers import EXPIRY, GTIN, Writer, key, open_ledger, received, scanned

if TYPE_CHECKING:
    from pathlib import Path

    from scanner_app.store.ledger import Ledger

COUNT, PLACE = "task-1.1", "A-01-1"


def told(serial: str | None = "S1", quantity: int = 1) -> Accepted:
    return Accepted(
        Outcome.OK,
        {
            "place": PLACE, "gtin": GTIN, "lot": "L1", "expiry": EXPIRY.isoformat(), "serial": serial,
            "quantity": quantity,
        },
    )  # fmt: skip


def of_count(writer: Writer, kind: EntryKind, count: str | None = COUNT, **fields: Any) -> Entry:  # noqa: ANN401 - any field of an entry
    return replace(writer.entry(kind, **fields), count=count)


def counted(writer: Writer, serial: str | None = "S1", count: str = COUNT) -> str:
    """Counts a unit whose label was scanned in two symbols; the entry's event id."""
    made = of_count(writer, EntryKind.COUNTED, count, verdict=told(serial), raw=scanned("21S1"))
    return writer.append(made).event_id


def take_back(writer: Writer, event_id: str, **fields: Any) -> None:  # noqa: ANN401 - as above
    writer.append(of_count(writer, EntryKind.CORRECTED, refers_to=event_id, **fields))


def holds(ledger: Ledger, serial: str = "S1", count: str = COUNT) -> object:
    return ledger.answer(f.CountedUnit(count, GTIN, serial))


def test_a_unit_is_held_by_its_count_alone(writer: Writer) -> None:
    assert holds(writer.ledger) is False
    counted(writer)
    assert holds(writer.ledger) is True
    assert holds(writer.ledger, "S2") is False
    assert holds(writer.ledger, count="task-1.2") is False


def test_goods_without_serials_are_not_remembered(writer: Writer) -> None:
    counted(writer, None)
    assert writer.ledger._connection.execute("SELECT count(*) FROM counted_unit").fetchone() == (0,)


def test_a_unit_that_was_taken_back_can_be_counted_again(writer: Writer) -> None:
    take_back(writer, counted(writer))
    assert holds(writer.ledger) is False
    counted(writer)
    assert holds(writer.ledger) is True


def test_only_a_correction_that_stands_takes_back(writer: Writer) -> None:
    event_id = counted(writer)
    take_back(writer, event_id, verdict=Refused(Refusal.NOT_UNDOABLE))
    writer.append(writer.entry(EntryKind.CORRECTED, refers_to=event_id))
    assert holds(writer.ledger) is True


def test_it_outlives_a_restart_and_its_own_echo(writer: Writer) -> None:
    counted(writer)
    feed = Site(writer)
    feed.echo(*(decode_entry(row[0]) for row in feed.rows_of("SELECT bytes FROM entry ORDER BY position")))
    assert holds(writer.ledger) is True
    path = writer.ledger.path
    writer.ledger.close()
    again = open_ledger(path)
    assert holds(again) is True
    again.close()


def test_verify_makes_it_anew_and_compares(writer: Writer) -> None:
    counted(writer)
    take_back(writer, counted(writer, "S2"))
    path = writer.ledger.path
    assert verify(path).ok
    writer.ledger._connection.execute("UPDATE counted_unit SET serial = 'S9'")
    found = verify(path)
    assert not found.ok
    assert "counted unit" in str(found)


def test_a_ledger_of_before_takes_up_counting(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr(schema, "SCHEMA_VERSION", 5)
        earlier.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:5])
        connection = sqlite3.connect(path, isolation_level=None)
        schema.prepare(connection, path)
        connection.close()
    writer = Writer(open_ledger(path))
    counted(writer)
    assert holds(writer.ledger) is True
    writer.ledger.close()


# Undo and trail.


def test_undo_finds_each_fact_of_a_count(writer: Writer) -> None:
    writer.append(of_count(writer, EntryKind.COUNT_OPENED, verdict=Accepted(Outcome.OK, {"place": PLACE})))
    event_id = counted(writer)
    asked = f.LastFact("USR-1", "task-1")

    def last() -> EntryKind:
        found = writer.ledger.answer(asked)
        assert isinstance(found, f.UndoFact)
        assert (found.later, found.would_go_below_zero, found.entry.count) == ((), False, COUNT)
        return found.entry.kind

    assert last() is EntryKind.COUNTED
    take_back(writer, event_id)
    assert last() is EntryKind.COUNT_OPENED
    writer.append(of_count(writer, EntryKind.COUNT_CLOSED, verdict=Accepted(Outcome.OK, {"place": PLACE})))
    assert last() is EntryKind.COUNT_CLOSED


def test_the_trail_leads_to_what_was_counted_by_its_whole_label(writer: Writer) -> None:
    writer.post(received(key("S1")))
    counted(writer)
    closing = of_count(writer, EntryKind.COUNT_CLOSED, verdict=Accepted(Outcome.OK, {"place": PLACE}))
    writer.append(replace(closing, raw=scanned("LOC-A-01-1")))
    trail = Trail(writer.ledger._connection)

    assert len(list(trail.mentions_of_unit(GTIN, "S1"))) == 1
    assert len(list(trail.mentions_of_lot(GTIN, "L1"))) == 1
