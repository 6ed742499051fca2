from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from scanner_app.demo.labels import (
    all_labels,
    command_scan,
    container_scan,
    document_scan,
    expected_scan,
    gtin_scan,
    stock_scan,
)
from scanner_app.demo.site import DemoSite, load_demo
from scanner_app.domain.scan import Kind, ParsedScan, parse_scan

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def site() -> DemoSite:
    return load_demo(TODAY)


def parsed(scan: str, today: date = TODAY) -> ParsedScan:
    understood = parse_scan(scan, today)
    assert isinstance(understood, ParsedScan), understood
    return understood


def test_every_label_is_understood_without_a_warning(site: DemoSite) -> None:
    kinds: Counter[tuple[str, Kind]] = Counter()
    for name, scan in all_labels(site).items():
        understood = parsed(scan)
        assert understood.warnings == ()
        kinds[name.split(" ", 1)[0].split(":", 1)[0], understood.kind] += 1
    assert kinds["badge", Kind.BADGE] == 6
    assert kinds["place", Kind.LOCATION] == 80
    assert kinds["document", Kind.DOCUMENT] == 4
    assert kinds["sscc", Kind.GS1] == 10
    assert kinds["sgtin", Kind.GS1] == 7
    assert {kind for name, kind in kinds if name == "unit"} == {Kind.GS1}


def test_a_unit_says_what_the_document_says(site: DemoSite) -> None:
    for document in site.documents:
        for unit in document.units:
            understood = parsed(expected_scan(unit))
            assert str(understood.gtin) == unit.gtin
            assert (str(understood.lot), str(understood.serial)) == (unit.lot, unit.serial)
            assert understood.expiry == unit.expiry


@pytest.mark.parametrize("days", [0, 365, 3650])
def test_expiries_are_read_right_on_any_day(days: int) -> None:
    today = TODAY + timedelta(days=days)
    unit = load_demo(today).document("ASN-1001").units[0]
    assert parsed(expected_scan(unit), today).expiry == unit.expiry


def test_containers_bear_their_keys(site: DemoSite) -> None:
    pallet, case = (site.document("ASN-1001").containers[place].id for place in (0, -1))
    assert f"sscc:{parsed(container_scan(pallet)).sscc}" == pallet
    understood = parsed(container_scan(case))
    assert f"sgtin:{understood.gtin}:{understood.serial}" == case
    with pytest.raises(ValueError, match="not a container: A-01-1"):
        container_scan("A-01-1")


def test_goods_without_serials_bear_lot_or_gtin_alone(site: DemoSite) -> None:
    with_lot = next(line for line in site.opening if line.lot == "P55")
    without = next(line for line in site.opening if line.lot is None)
    understood = parsed(stock_scan(with_lot))
    assert (str(understood.gtin), str(understood.lot), understood.serial) == (with_lot.gtin, "P55", None)
    with pytest.raises(ValueError, match=without.gtin):
        stock_scan(without)
    assert str(parsed(gtin_scan(without.gtin)).gtin) == without.gtin
    case = site.case_gtin(without.gtin)
    assert str(parsed(gtin_scan(case)).gtin) == case


def test_cards_and_documents_bear_their_code() -> None:
    card, note = parsed(command_scan("QTY10")), parsed(document_scan("ASN-1001"))
    assert (card.kind, card.code) == (Kind.COMMAND, "QTY10")
    assert (note.kind, note.code) == (Kind.DOCUMENT, "ASN-1001")
