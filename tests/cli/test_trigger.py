"""F12 in the demonstration: pressed again and again it plays the shift, and whatever is done in between it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner_app.cli.trigger import Trigger, scripts_of
from scanner_app.demo.labels import command_scan, container_scan, document_scan, place_scan
from scanner_app.demo.site import load_demo
from scanner_app.domain.refusals import Refused
from scanner_app.errors import StoreError
from scanner_app.terminal.view import Room
from tests.terminal.floor import TODAY, TOM, Worker, make_demo_home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scanner_app.terminal.view import View

WHOLE_SHIFT = 140


class Demonstration:
    """A worker with the virtual scanner's trigger in hand."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.scanned: list[str] = []
        self.trigger = Trigger(worker.site, worker.clock, 700, self._scan)

    def _scan(self, label: str) -> None:
        self.scanned.append(label)
        self.worker.scan(label, after_ms=0)

    def f12(self, times: int = 1) -> View:
        for _ in range(times):
            self.worker.clock.advance(1000)
            self.trigger.pull(self.worker.front)
        return self.worker.view()

    @property
    def refusals(self) -> list[str]:
        verdicts = [told.verdict for told in self.worker.heard]
        return [verdict.refusal.value for verdict in verdicts if isinstance(verdict, Refused)]

    @property
    def deliveries_open(self) -> list[str]:
        return [document.id for document in self.worker.ledger.documents_open()]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_demo_home(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def demonstration(template: Path, tmp_path: Path) -> Iterator[Demonstration]:
    worker = Worker(template, tmp_path / "home")
    yield Demonstration(worker)
    worker.ledger.close()


SHIFT_REFUSALS = [
    "ALREADY_SCANNED", "ALREADY_SCANNED", "EXPIRED", "IN_OTHER_DOCUMENT", "RECALLED", "CONDITION_MISSING",
    "OVER_QUANTITY", "WRONG_STORAGE_CLASS", "ALREADY_SCANNED",
]  # fmt: skip


def test_pressed_again_and_again_it_plays_the_whole_shift(demonstration: Demonstration) -> None:
    demonstration.f12(WHOLE_SHIFT)
    assert demonstration.deliveries_open == []
    assert demonstration.refusals == SHIFT_REFUSALS
    assert {command_scan("PUTAWAY"), command_scan("COUNT")} <= set(demonstration.scanned)
    rooms = {demonstration.f12().room for _ in range(4)}
    assert rooms == {Room.MENU, Room.ENQUIRY}, "when all is done things are looked up"


def test_leaving_the_logger_step_goes_to_the_next_delivery_and_comes_back(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    while worker.view().giant != "LOGGER":
        demonstration.f12()
    entries = {entry.name: entry.digit for entry in worker.press("F10").menu}
    worker.press(entries["LEAVE"])
    assert demonstration.f12().title == "RECEIVE  PO-2001"
    demonstration.f12(WHOLE_SHIFT)
    assert demonstration.deliveries_open == []
    assert demonstration.refusals == SHIFT_REFUSALS


def test_after_five_wrong_pins_another_badge_is_scanned(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    demonstration.f12()
    for _ in range(5):
        worker.type("0000")
        worker.press("enter")
    assert worker.view().giant == "BADGE"
    view = demonstration.f12()
    assert view.verb == "Li Wei: type your PIN"
    assert demonstration.trigger.stripe(worker.front).parameters == {"pin": "1357"}
    assert demonstration.f12().status.user == "Li Wei"


def test_the_pin_is_typed_whatever_stood_there(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    demonstration.f12()
    worker.type("99")
    assert demonstration.f12().status.user == "Ana Moreno"


def test_the_stripe_has_the_pin_of_whoever_is_asked(demonstration: Demonstration) -> None:
    worker, stripe = demonstration.worker, demonstration.trigger.stripe
    assert stripe(worker.front).parameters == {"pin": "2468"}
    worker.sign_in(TOM)
    assert stripe(worker.front).parameters == {"pin": "7531"}
    worker.clock.advance(11 * 60 * 1000)
    worker.front.idle()
    assert demonstration.f12().status.user == "Tom Okafor"
    worker.press("F10")
    digits = {entry.name: entry.digit for entry in worker.view().menu}
    worker.press(digits["SIGN OUT"])
    assert demonstration.f12().verb == "Ana Moreno: type your PIN"


def test_a_bin_that_was_opened_by_hand_is_counted_and_closed(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    worker.sign_in()
    worker.scan(command_scan("COUNT"))
    worker.scan(place_scan("A-01-3"))
    while worker.view().giant == "A-01-3":
        demonstration.f12()
    assert demonstration.scanned[-1] == place_scan("A-01-3")
    assert demonstration.refusals == ["ALREADY_SCANNED"]
    assert (demonstration.f12().room, demonstration.scanned[-1]) == (Room.MENU, command_scan("DONE"))


def test_a_count_that_was_taken_back_is_begun_anew(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    worker.sign_in()
    worker.scan(command_scan("COUNT"))
    demonstration.f12()
    worker.press("F2")
    assert demonstration.f12().giant == "A-01-2"


@pytest.mark.parametrize(
    "keys",
    [
        ("F2",), ("F3",), ("F3", "F3"), ("F4",), ("F5",), ("F7",), ("F8",), ("F10",), ("F10", "1"), ("F10", "2"),
        ("F10", "3"), ("F1", "F3"), ("F6",), ("enter",),
    ],
)  # fmt: skip
def test_whatever_is_pressed_in_between_it_goes_on(demonstration: Demonstration, keys: tuple[str, ...]) -> None:
    """The same keys after every third pull, all through the shift."""
    for number in range(3 * WHOLE_SHIFT):
        demonstration.f12()
        if number % 3 == 2 and demonstration.worker.view().room is not Room.SIGN_IN:
            demonstration.worker.press(*keys)
        if not demonstration.deliveries_open:
            break
    assert demonstration.deliveries_open == []
    assert "ANSWER_FIRST" not in demonstration.refusals
    assert "NOT_SIGNED_IN" not in demonstration.refusals


def test_what_came_in_otherwise_is_not_scanned_again(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    worker.sign_in()
    worker.scan(document_scan("ASN-1001"))
    for pallet in worker.site.document("ASN-1001").containers[:1]:
        worker.scan(container_scan(pallet.id))
    demonstration.f12(3)
    assert "ALREADY_SCANNED" in demonstration.refusals, "the shift's own second scan of it"
    assert demonstration.refusals == ["ALREADY_SCANNED"]


@pytest.mark.parametrize("typed", ["]d210N31", "]d2019999999999999"])
def test_half_a_label_is_forgotten(demonstration: Demonstration, typed: str) -> None:
    worker = demonstration.worker
    worker.sign_in()
    worker.scan(document_scan("ASN-1002"))
    worker.scan(typed)
    demonstration.f12(WHOLE_SHIFT)
    assert demonstration.deliveries_open == []


def test_a_number_that_is_asked_for_is_put_aside(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    worker.sign_in()
    worker.scan(document_scan("PO-2001"))
    entries = {entry.name: entry.digit for entry in worker.press("F10").menu}
    assert worker.press(entries["Quantity"]).giant == "NUMBER"
    assert demonstration.f12().giant == "ITEM"


def test_blind_receiving_is_ended(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    worker.sign_in()
    worker.scan(command_scan("RECEIVE"))
    assert demonstration.f12().room is Room.MENU


def test_put_away_of_what_was_taken_by_hand(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    demonstration.f12(9)
    worker.press("F3", "F3")
    worker.scan(command_scan("PUTAWAY"))
    line = next(line for line in worker.site.opening if line.place == "C-01-1")
    worker.scan(place_scan(line.place))
    worker.scan(f"]d201{line.gtin}10{line.lot}\x1d21{line.serials[0]}")
    worker.scan(f"]d201{line.gtin}10{line.lot}\x1d21{line.serials[1]}")
    view = demonstration.f12(2)
    assert demonstration.scanned[-2:] == [place_scan("C-01-1"), place_scan("C-01-2")]
    assert demonstration.refusals[-1:] == ["WRONG_PLACE"], "it lies in the first bin of its class already"
    assert "hand" not in view.verb


def test_mixed_goods_in_hand_are_laid_back(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    worker.sign_in()
    worker.scan(command_scan("PUTAWAY"))
    for place in ("C-02-1", "A-02-3"):
        line = next(line for line in worker.site.opening if line.place == place)
        worker.scan(f"]d201{line.gtin}10{line.lot}\x1d21{line.serials[0]}")
    assert "2 in hand" in worker.view().verb
    demonstration.f12(3)
    assert worker.view().room in {Room.MENU, Room.TASK}
    assert "in hand" not in worker.view().verb


def test_expired_goods_in_hand_go_to_the_cage(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    worker.sign_in()
    worker.scan(command_scan("PUTAWAY"))
    line = next(line for line in worker.site.opening if line.place == "DOCK-3")
    worker.scan(f"]d201{line.gtin}10{line.lot}\x1d21{line.serials[0]}")
    view = demonstration.f12()
    assert view.panel is not None
    assert "CAGE" in view.panel.headline


def test_a_supervisor_counts_a_place(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    worker.sign_in(TOM)
    for _ in range(2):
        worker.scan(command_scan("OPENING"))
        view = demonstration.f12(2)
        assert view.panel is not None
        assert view.panel.badge == "+1"
        assert demonstration.f12().room is Room.MENU


def test_a_key_that_is_held_down_reads_no_label_twice(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    worker.sign_in()
    late: list[str] = []
    held = Trigger(worker.site, worker.clock, 700, late.append)
    for _ in range(10):
        worker.clock.advance(30)
        held.pull(worker.front)
    assert len(late) == 1
    worker.clock.advance(3000)
    held.pull(worker.front)
    assert len(late) == 2, "a label that nobody took is not waited for for ever"


def test_a_question_is_answered_only_after_the_guard_time(demonstration: Demonstration) -> None:
    worker = demonstration.worker
    while not worker.view().blocking:
        demonstration.f12()
    before = len(demonstration.scanned)
    worker.clock.advance(100)
    demonstration.trigger.pull(worker.front)
    assert len(demonstration.scanned) == before
    assert not demonstration.f12().blocking


def test_a_stopped_ledger_takes_no_label(demonstration: Demonstration) -> None:
    demonstration.worker.front.stopped(StoreError("DISK_FULL", "full."))
    demonstration.f12()
    assert demonstration.scanned == []


def test_the_scripts_are_what_the_shift_scans() -> None:
    scripts = scripts_of(load_demo(TODAY))
    assert list(scripts)[:5] == ["ASN-1001", "ASN-1002", "ASN-1003", "PO-2001", "putaway"]
    assert command_scan("QUARANTINE") not in scripts["ASN-1002"]
    assert command_scan("UNDO") in scripts["ASN-1002"]
    assert all(label.isprintable() or "\x1d" in label for labels in scripts.values() for label in labels)
