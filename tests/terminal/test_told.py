"""What the worker is told at the terminal, in words: what waits, what one key does now, what was typed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scanner_app.demo.labels import gtin_scan
from scanner_app.domain.entry import decode_entry
from scanner_app.domain.stock import SSCC_PLACE
from scanner_app.store.export import exported_lines
from scanner_app.terminal.view import Mark
from tests.terminal.floor import (
    Worker,
    command_scan,
    container_scan,
    document_scan,
    expected_scan,
    place_scan,
)

if TYPE_CHECKING:
    from scanner_app.domain.entry import Raw
    from scanner_app.terminal.view import View

TOM = "USR-1004"


def told(view: View) -> tuple[Mark, str]:
    assert view.panel is not None
    return view.panel.mark, view.panel.headline


def next_key(view: View) -> str:
    return {hint.key: hint.label for hint in view.keys}["F4"]


def pallets(worker: Worker, document: str) -> list[str]:
    return [each.id for each in worker.site.document(document).containers if each.parent is None]


def by_hand(worker: Worker, text: str) -> View:
    worker.press("F6")
    worker.type(text)
    worker.clock.advance(1000)
    return worker.press("enter")


def last_raw(worker: Worker) -> Raw:
    entries = [line["bytes"] for line in exported_lines(worker.ledger._connection) if line["type"] == "entry"]
    assert isinstance(entries[-1], bytes)
    raw = decode_entry(entries[-1]).raw
    assert raw is not None
    return raw


def test_one_key_leads_from_pallets_to_accept_to_done(worker: Worker) -> None:
    worker.sign_in()
    opened = worker.scan(document_scan("ASN-1001"))
    first, second = (worker.scan(container_scan(pallet)) for pallet in pallets(worker, "ASN-1001"))
    accepted = worker.press("F4")
    closed = worker.press("F4")

    assert (opened.giant, next_key(opened)) == ("PALLET", "Done")
    assert (first.giant, first.verb, next_key(first)) == ("PALLET", "scan on; 48 in sealed cases: Accept", "Accept")
    assert told(first)[1].endswith("in; 48 waiting inside")
    assert any(line.startswith("PALLET (00) …") for line in first.lines)
    assert (second.giant, second.verb) == ("ACCEPT", "96 waiting in sealed cases: Accept")
    assert (accepted.giant, accepted.verb, next_key(accepted)) == (
        "DONE", "all 96 in: Done closes ASN-1001", "Done",
    )  # fmt: skip
    assert told(closed) == (Mark.OK, "ASN-1001 closed: all 96 in")


def test_a_cold_pallet_scanned_again_at_once_still_wants_its_logger(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("ASN-1003"))
    cold = container_scan(pallets(worker, "ASN-1003")[0])
    views = [worker.scan(cold), worker.scan(cold, after_ms=50), worker.scan(cold)]

    assert {told(view) for view in views} == {(Mark.STOP, "cold goods: logger result first")}
    assert {(view.giant, view.verb) for view in views} == {
        ("LOGGER", "scan CMD-LOGGER_OK or CMD-LOGGER_ALARM; no logger: CMD-QUARANTINE")
    }
    answered = worker.scan(command_scan("LOGGER_OK"))
    assert told(answered)[1].startswith("logger well: scan (00) …")
    assert told(worker.scan(cold))[0] is Mark.OK


def test_what_is_over_and_what_is_short_is_told_before_and_after_the_close(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("PO-2001"))
    line = worker.site.document("PO-2001").lines[4]
    worker.scan(command_scan(f"QTY{line.quantity + 7}"))
    for _ in range(2):
        worker.scan(gtin_scan(line.gtin))
    short = sum(each.quantity for each in worker.site.document("PO-2001").lines) - line.quantity

    asked = worker.press("F4")
    closed = worker.press("F4")

    assert told(asked) == (Mark.ASK, f"{short} short, 7 over: Done again to close")
    assert asked.verb == f"{short} short, 7 over. Done again closes it"
    assert told(closed) == (Mark.OK, f"PO-2001 closed: {short} short, 7 over")
    assert f"{short} short, 7 over" in closed.lines


@pytest.mark.parametrize("form", ["{digits}", "00{digits}", "(00){digits}"])
def test_a_pallet_whose_label_is_damaged_is_typed(worker: Worker, form: str) -> None:
    worker.sign_in()
    by_hand(worker, "doc-asn-1001")
    text = form.format(digits=pallets(worker, "ASN-1001")[0].removeprefix(SSCC_PLACE))

    view = by_hand(worker, text)
    raw = last_raw(worker)

    assert told(view)[0] is Mark.OK
    assert (raw.payload, raw.method) == (text.encode(), "manual")


def test_a_scan_never_reads_what_only_a_person_may_type(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("ASN-1001"))
    digits = pallets(worker, "ASN-1001")[0].removeprefix(SSCC_PLACE)

    for text in (f"(00){digits}", f"00{digits}", "cmd-done", "doc-asn-1001"):
        assert told(worker.scan(text))[0] is Mark.STOP


def test_a_typed_fault_is_told_exactly(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("ASN-1001"))

    assert told(by_hand(worker, "(00)095210040000070018")) == (
        Mark.STOP, "bad check digit: (00) SSCC ends in 8, the check digit is 7.",
    )  # fmt: skip


def test_a_pack_a_place_and_a_card_are_typed(worker: Worker) -> None:
    worker.sign_in()
    by_hand(worker, "DOC-asn-1002")
    unit = next(each for each in worker.site.document("ASN-1002").units if each.lot == "N31")
    hri = f"(01){unit.gtin}(17){unit.expiry:%y%m%d}(10){unit.lot}(21){unit.serial}"
    assert by_hand(worker, hri).done == 1
    assert by_hand(worker, "cmd-undo").done == 0
    assert told(by_hand(worker, "loc-dock-2"))[1] == "DOCK-2 until another dock is scanned"
    assert told(by_hand(worker, "loc-nowhere")) == (Mark.STOP, "unknown place nowhere")


def test_put_away_tells_how_many_are_left(worker: Worker) -> None:
    worker.sign_in()
    worker.scan(document_scan("ASN-1002"))
    units = [each for each in worker.site.document("ASN-1002").units if each.lot == "N31"][:2]
    for unit in units:
        worker.scan(expected_scan(unit))
    worker.press("F3")
    opened = worker.scan(command_scan("PUTAWAY"))
    worker.scan(expected_scan(units[0]))
    put = worker.scan(place_scan("A-01-2"))
    done = worker.press("F4")

    assert (opened.verb, put.verb) == ("put away from DOCK-1: 2 left", "put away from DOCK-1: 1 left")
    assert told(done) == (Mark.OK, "put-away done; 1 unit still at DOCK-1")


def test_half_a_label_is_not_forgotten_in_silence(worker: Worker) -> None:
    worker.sign_in(TOM)
    worker.scan(command_scan("OPENING"))
    worker.scan(place_scan("A-01-1"))
    half = next(item for item in worker.site.items if item.serialised and item.storage_class.value == "ambient")
    whole = next(item for item in worker.site.items if not item.serialised and not item.lot_controlled)
    worker.scan(gtin_scan(half.gtin))

    view = worker.scan(gtin_scan(whole.gtin))

    assert told(view) == (Mark.ASK, f"+1 {whole.name}")
    assert view.lines[0] == f"NOT TAKEN half a label: {half.name}"


def test_a_badge_is_typed_with_its_prefix_in_small_letters(worker: Worker) -> None:
    badge = worker.site.operator(TOM).badge
    worker.sign_in()
    worker.press("F6")
    worker.type(badge.replace("USR-", "usr-"))
    worker.clock.advance(1000)

    assert worker.press("enter").secret
    assert badge.partition(".")[2].encode() not in last_raw(worker).payload
