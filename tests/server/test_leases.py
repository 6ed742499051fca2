"""Leases: no serial reference is ever given twice, whatever happens to devices and centre; a task has one holder."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from scanner_app.domain.entry import EntryKind, Parent, decode_entry
from scanner_app.domain.refusals import Accepted
from scanner_app.domain.site_state import lease_of, sscc_of
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Seal, sscc_place
from scanner_app.errors import ConfigError
from server import ingest, leases
from server.backup import back_up, restore
from server.books import Books
from server.commands import lease as command
from server.commands import set_device
from server.exceptions import exceptions
from server.records import LEASE, POLICY, TASK, decode_body, find_record, records_of_kind
from server.registry import DAY_MS
from server.verify import verify
from server.writing import Means
from sync import wire
from tests.server.handhelds import CENTRE_KEY, SITE, START_MS, Clock, Handheld, Ids, new_books

if TYPE_CHECKING:
    from pathlib import Path

    from scanner_app.domain.site_state import Lease

PREFIX = "0952100"
HOUR = 3_600_000


def set_prefix(books: Books, prefix: str = PREFIX, site: str = SITE) -> None:
    books.do(site, lambda writing: leases.set_prefix(writing, prefix))


def policy(books: Books, name: str, value: int) -> None:
    books.do(SITE, lambda writing: writing.put(POLICY, name, {"name": name, "value": value}))


def told(books: Books) -> list[Lease]:
    """The leases that the feed brings, as a device reads them."""
    return [lease_of(decode_body(row.body)) for row in records_of_kind(books.database.session, SITE, LEASE)]


def ranges(books: Books, device: str = "A") -> list[tuple[str, int, int]]:
    return [
        (each.epoch[:2], each.first, each.last) for each in told(books) if (each.device, each.kind) == (device, "sscc")
    ]


def use(device: Handheld, reference: int) -> None:
    """An entry that shows a serial reference as used."""
    sscc = sscc_place(sscc_of(PREFIX, reference))
    move = ContainerMove(sscc, SUPPLIER, "DOCK-1", Seal.OPEN)
    device.write(device.entry(kind=EntryKind.PACKED, container_moves=(move,)))


def send(books: Books, device: Handheld) -> None:
    """Pushes what is new, or a heartbeat."""
    row = books.database.session.one("SELECT seq FROM epoch WHERE epoch = ?", (device.epoch,))
    answer = device.send(books, 1 if row is None else row[0] + 1)
    assert isinstance(answer, wire.Ack), answer


def successor(device: Handheld, number: int, cut: int | None = None) -> Handheld:
    """The device's next epoch, from a cut of its chain."""
    cut = len(device.entries) if cut is None else cut
    parent = Parent(device.epoch, cut, device.links[cut])
    return replace(device, epoch=bytes([number]) * 16, parent=parent, entries=[], links=[], ids=None)


def holds(books: Books) -> bool:
    found = verify(books.path)
    assert found.ok, found.findings
    return True


def test_a_device_gets_a_range_when_it_is_there_and_another_when_few_are_left(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1")
    send(books, handheld)
    assert told(books) == [], "no prefix, no range"
    set_prefix(books)
    send(books, handheld)
    assert ranges(books) == [("01", 1, 100)]
    use(handheld, 80)
    send(books, handheld)
    assert len(ranges(books)) == 1, "20 are left"
    use(handheld, 81)
    send(books, handheld)
    assert ranges(books) == [("01", 1, 100), ("01", 101, 200)]
    other = Handheld("B", epoch=b"\x02" * 16)
    other.receive("S2")
    send(books, other)
    assert ranges(books, "B") == [("02", 201, 300)]
    own = books.database.session.all("SELECT bytes FROM entry WHERE epoch IN (SELECT own_epoch FROM site) ORDER BY n")
    granted = [decode_entry(row[0]) for row in own if decode_entry(row[0]).kind is EntryKind.LEASED]
    assert [entry.verdict.parameters["first"] for entry in granted] == [1, 101, 201]
    assert holds(books)


def test_the_length_of_ranges_is_a_policy(books: Books, handheld: Handheld) -> None:
    set_prefix(books)
    policy(books, "sscc_range", 5)
    policy(books, "sscc_left", 2)
    handheld.receive("S1")
    send(books, handheld)
    use(handheld, 4)
    use(handheld, 999_999)
    handheld.write(
        handheld.entry(kind=EntryKind.PACKED, container_moves=(ContainerMove("sscc:09", SUPPLIER, "X", Seal.OPEN),))
    )
    send(books, handheld)
    assert ranges(books) == [("01", 1, 5), ("01", 6, 10)]


def test_a_restored_or_forked_device_gets_new_ranges_and_tasks_and_the_old_range_is_over(
    books: Books, handheld: Handheld
) -> None:
    set_prefix(books)
    handheld.receive("S1", "S2")
    send(books, handheld)
    task(books, "T-1")
    restored = successor(handheld, 3, cut=1)
    restored.receive("S3")
    send(books, restored)

    assert ranges(books) == [("03", 101, 200)]
    (held,) = [each for each in told(books) if each.kind == "task"]
    assert (held.subject, held.epoch) == ("T-1", "03" * 16)
    handheld.receive("S4")
    send(books, handheld)
    assert ranges(books) == [("03", 101, 200)], "what is left of the former epoch gets nothing"
    grandchild = successor(successor(restored, 4), 5)
    grandchild.receive("S5")
    send(books, grandchild)
    assert ranges(books) == [("05", 201, 300)]
    assert holds(books)


@pytest.mark.parametrize(
    ("epoch", "cut", "kept"), [("rotated", None, True), ("rotated", 1, False), ("new", None, False)]
)
def test_a_rotation_keeps_leases(
    books: Books,
    handheld: Handheld,
    epoch: str,
    cut: int | None,
    kept: bool,  # noqa: FBT001 - a case
) -> None:
    set_prefix(books)
    handheld.receive("S1", "S2")
    send(books, handheld)
    rotated = successor(handheld, 3, cut)
    rotated.write(rotated.entry(kind=EntryKind.DEVICE, verdict=Accepted(parameters={"epoch": epoch})))
    before = told(books)
    send(books, rotated)
    assert ranges(books) == [("03", 1, 100) if kept else ("03", 101, 200)]
    assert (told(books)[0].id == before[0].id) is kept


def test_a_stranger_under_the_name_takes_over_when_it_is_new(books: Books, handheld: Handheld) -> None:
    set_prefix(books)
    handheld.receive("S1")
    send(books, handheld)
    wiped = replace(handheld, epoch=b"\x09" * 16, entries=[], links=[], ids=None)
    wiped.receive("S2")
    send(books, wiped)
    assert ranges(books) == [("09", 101, 200)]
    send(books, handheld)
    assert ranges(books) == [("09", 101, 200)]


def test_what_goes_wrong_with_leases_holds_up_no_push(
    books: Books, handheld: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("broken")

    monkeypatch.setattr(ingest, "top_up", broken)
    handheld.receive("S1")
    send(books, handheld)
    assert told(books) == []


# --- prefixes and the bound -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "09x21", "0952", "0" * 15])
def test_a_prefix_that_is_none(books: Books, prefix: str) -> None:
    with pytest.raises(ConfigError) as caught:
        set_prefix(books, prefix)
    assert caught.value.code == "BAD_PREFIX"


def test_no_two_sites_give_numbers_under_one_prefix(books: Books) -> None:
    books.make_site("BGO", "Bergen", "Europe/Oslo")
    set_prefix(books, PREFIX + "1")
    for taken in (PREFIX, PREFIX + "1", PREFIX + "12"):
        with pytest.raises(ConfigError) as caught:
            set_prefix(books, taken, "BGO")
        assert caught.value.code == "PREFIX_TAKEN"
    set_prefix(books, PREFIX + "2", "BGO")
    with pytest.raises(ConfigError):
        set_prefix(books, PREFIX + "12")
    set_prefix(books, PREFIX + "1")


def test_another_prefix_of_the_site_and_back_again(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1")
    send(books, handheld)
    for prefix in (PREFIX, "1" + PREFIX[1:], PREFIX):
        set_prefix(books, prefix)
        command(books, {"action": "sscc", "device": "A", "count": 3, "site": None})
    assert [(each.subject, each.first) for each in told(books)] == [(PREFIX, 1), ("1952100", 1), (PREFIX, 4)]


def test_numbers_run_out_and_become_free_with_time(books: Books, handheld: Handheld) -> None:
    handheld.receive("S1")
    send(books, handheld)
    set_prefix(books, "09521001234567")
    asked = {"action": "sscc", "device": "A", "count": 60, "site": None}
    assert command(books, asked)["done"]
    assert not command(books, asked)["done"], "100 of 1,000 are given at once"
    books.means.now_ms.ms += 365 * DAY_MS  # type: ignore[attr-defined] # the tests' clock
    assert command(books, asked)["done"]
    assert leases.bound("09521001234567", 10**15) == 1000


@pytest.mark.parametrize("seed", range(20))
def test_no_number_is_given_twice_whatever_happens(tmp_path: Path, seed: int) -> None:
    """Devices use, lose and restore; the centre is restored from any of its copies, again and again."""
    order, clock, path = random.Random(seed), Clock(), tmp_path / "centre.db"
    books = new_books(path, clock)
    devices = [Handheld(name, epoch=bytes([number]) * 16) for number, name in enumerate("ABC", start=1)]
    epochs, copies = len(devices), list[Any]()
    given: dict[str, tuple[str, int, int]] = {}
    for step in range(40):
        clock.ms += order.randrange(5 * DAY_MS)
        at = order.randrange(len(devices))
        what = order.choices(("use", "epoch", "copy", "restore", "prefix", "more"), (8, 2, 2, 2, 2, 3))[0]
        if what == "prefix":
            set_prefix(books, order.choice((PREFIX, "1" + PREFIX[1:])))
        elif what == "copy":
            copies.append(tmp_path / f"copy-{step}.db")
            back_up(path, copies[-1])
        elif what == "restore" and copies:
            books.close()
            means = Means(clock, Ids(0x1000 + step), CENTRE_KEY)
            restore(order.choice(copies), path, means, str(step))
            books = Books.open(path, means)
            for number, device in enumerate(devices):
                devices[number] = replace(device, entries=[], links=[], epoch=bytes([epochs + 1]) * 16)
                epochs += 1
        elif what == "epoch":
            epochs += 1
            devices[at] = successor(devices[at], epochs, order.randrange(len(devices[at].entries) + 1))
        elif what == "more" and leases.holder_of(books.database.session, SITE, devices[at].name):
            asked = {"action": "sscc", "device": devices[at].name, "count": order.randrange(1, 300), "site": None}
            command(books, asked)
        else:
            for each in [each for each in told(books) if each.device == devices[at].name][:2]:
                use(devices[at], order.randrange(each.first, each.last + 1))
            devices[at].receive(f"S{step}")
            devices[at].send(books)
        given |= {each.id: (each.subject, each.first, each.last) for each in told(books)}
    books.close()
    assert verify(path).ok
    taken = sorted(given.values())
    for former, later in pairwise(taken):
        assert former[0] != later[0] or former[2] < later[1], (former, later)


# --- tasks ------------------------------------------------------------------------------------------------------------


def task(books: Books, name: str, device: str = "A", until_ms: int | None = None) -> dict[str, Any]:
    return command(books, {"action": "task", "task": name, "device": device, "until_ms": until_ms, "site": None})


def holder(books: Books, name: str) -> tuple[str, str | None]:
    row = find_record(books.database.session, SITE, TASK, name)
    assert row is not None
    body = decode_body(row.body)
    return body["state"], body["holder"]


@pytest.fixture
def two(books: Books, handheld: Handheld) -> Handheld:
    """Two devices are known; the second one."""
    other = Handheld("B", epoch=b"\x02" * 16)
    for device in (handheld, other):
        device.receive(f"S-{device.name}")
        send(books, device)
    return other


def test_a_task_is_one_devices_until_a_time(books: Books, two: Handheld) -> None:
    first = task(books, "T-1", until_ms=books.means.now_ms() + HOUR)
    assert holder(books, "T-1") == ("claimed", "A")
    assert not task(books, "T-1", "B")["done"]
    assert task(books, "T-1")["lease"] == first["lease"], "its own is renewed"
    books.means.now_ms.ms += 7 * HOUR  # type: ignore[attr-defined] # the tests' clock
    assert not task(books, "T-1", "B")["done"]
    books.means.now_ms.ms += 2 * HOUR  # type: ignore[attr-defined] # the tests' clock
    send(books, two)
    assert holder(books, "T-1") == ("open", None)
    assert task(books, "T-1", "B")["done"]
    assert [(each.device, each.subject) for each in told(books)] == [("B", "T-1")]
    ended = [each.ended for each in leases.leases(books.database.session, SITE, ended=True)]
    assert sorted(ended) == ["", "EXPIRED"]
    assert holds(books)


def test_work_on_a_task_that_is_leased_to_another_is_said(books: Books, two: Handheld) -> None:
    until_ms = START_MS + HOUR
    task(books, "T-1", until_ms=until_ms)
    books.means.now_ms.ms += 2 * HOUR  # type: ignore[attr-defined] # the tests' clock
    two.write(two.entry(kind=EntryKind.TASK, task="T-1", at_ms=until_ms + 1))
    send(books, two)
    assert list(exceptions(books.database.session, SITE)) == [], "the lease was over by then"
    books.means.now_ms.ms -= 2 * HOUR  # type: ignore[attr-defined] # the tests' clock
    task(books, "T-2", until_ms=until_ms)
    two.write(two.entry(kind=EntryKind.TASK, task="T-2", at_ms=START_MS))
    send(books, two)
    assert [each.code for each in exceptions(books.database.session, SITE)] == ["TASK_CONFLICT"]


def test_a_task_that_is_done_stays_so(books: Books, two: Handheld) -> None:
    assert two.name == "B"
    body = {"id": "T-1", "kind": "putaway", "document": None, "state": "done", "holder": None}
    books.do(SITE, lambda writing: writing.put(TASK, "T-1", body))
    task(books, "T-1")
    assert holder(books, "T-1") == ("done", "A")


def test_a_lost_device_holds_nothing_and_a_lease_can_be_ended(books: Books, two: Handheld) -> None:
    set_prefix(books)
    send(books, two)
    kept = task(books, "T-1", "B")
    books.do(SITE, lambda writing: writing.session.run(
        "INSERT INTO device VALUES (?, 'B', x'00', 'active', '', 0, 0, NULL, '', '{}')", (SITE,)
    ))  # fmt: skip
    task(books, "T-2")
    set_device(books, {"action": "lost", "name": "B", "site": None})
    assert [(each.device, each.subject) for each in told(books)] == [("A", "T-2")]
    ending = {"action": "end", "lease": told(books)[0].id, "site": None}
    assert command(books, ending)["done"]
    assert not command(books, ending)["done"]
    assert not command(books, {**ending, "lease": kept["lease"], "site": SITE})["done"]
    assert not command(books, {**ending, "lease": "nothing"})["done"]
    assert told(books) == []
    assert holds(books)


def test_a_device_that_sent_nothing_gets_nothing(books: Books) -> None:
    with pytest.raises(ConfigError, match="sent nothing"):
        task(books, "T-1", "Z")
