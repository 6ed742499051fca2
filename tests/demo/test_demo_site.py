from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from scanner_app.demo.badges import badge_hints, verifier_of
from scanner_app.demo.opening import PROVENANCE, opening_drafts
from scanner_app.demo.site import CAGE, READ_POINT, DemoSite, load_demo
from scanner_app.domain.entry import EntryKind
from scanner_app.domain.masters import DocumentKind, PlaceKind, Role, StorageClass
from scanner_app.domain.stock import CASE_PLACE, SSCC_PLACE, is_container

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def site() -> DemoSite:
    return load_demo(TODAY)


def has_good_check_digit(key: str) -> bool:
    """GS1 General Specifications, section 7.9: weights 3 and 1 from the right."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(key)))
    return weighted % 10 == 0


def test_is_as_large_as_promised(site: DemoSite) -> None:
    assert (len(site.items), len(site.places), len(site.operators), len(site.documents)) == (60, 80, 6, 4)
    roles = Counter(person.role for person in site.operators)
    assert roles == {Role.OPERATOR: 3, Role.SUPERVISOR: 2, Role.ADMINISTRATOR: 1}
    assert {place.kind for place in site.places} == set(PlaceKind)
    assert {place.storage_class for place in site.places} == set(StorageClass)
    assert {item.storage_class for item in site.items} == set(StorageClass)


def test_every_key_bears_the_demonstration_prefix_and_its_check_digit(site: DemoSite) -> None:
    gtins = [level.gtin for level in site.levels]
    assert all(len(gtin) == 14 and gtin[1:4] == "952" and has_good_check_digit(gtin) for gtin in gtins)
    containers = [container.id for document in site.documents for container in document.containers]
    ssccs = [container.removeprefix(SSCC_PLACE) for container in containers if container.startswith(SSCC_PLACE)]
    assert ssccs
    assert all(len(sscc) == 18 and sscc[1:4] == "952" and has_good_check_digit(sscc) for sscc in ssccs)
    glns = [document.partner_gln for document in site.documents]
    assert all(gln.startswith("952") and has_good_check_digit(gln) for gln in glns)


def test_every_item_has_an_each_and_a_case(site: DemoSite) -> None:
    for item in site.items:
        assert [level.factor for level in site.levels if level.gtin == item.gtin] == [1]
        assert site.case_gtin(item.gtin) != item.gtin
    dated = [level for level in site.levels if level.valid_from is not None]
    assert dated
    assert all(level.valid_from is not None and level.valid_from < TODAY for level in dated)


def test_identifiers_are_unique(site: DemoSite) -> None:
    for ids in (
        [item.gtin for item in site.items],
        [place.code for place in site.places],
        [person.id for person in site.operators],
        [(level.gtin, level.valid_from) for level in site.levels],
    ):
        assert len(ids) == len(set(ids))
    units = [(unit.gtin, unit.serial) for document in site.documents for unit in document.units]
    units += [(line.gtin, serial) for line in site.opening for serial in line.serials]
    assert len(units) == len(set(units))


def test_documents_hold_together(site: DemoSite) -> None:
    for document in site.documents:
        known = {container.id for container in document.containers}
        for place, container in enumerate(document.containers):
            earlier = {other.id for other in document.containers[:place]}
            assert container.parent is None or container.parent in earlier
        assert all(unit.parent is None or unit.parent in known for unit in document.units)
        assert all(site.item(unit.gtin).serialised for unit in document.units)
        assert not any(site.item(line.gtin).serialised for line in document.lines)
        assert document.serialised is not bool(document.lines)


def test_the_first_document_is_two_pallets_of_96_units(site: DemoSite) -> None:
    asn = site.document("ASN-1001")
    pallets = [container for container in asn.containers if container.parent is None]
    assert len(asn.units) == 96
    assert len(pallets) == 2
    assert {container.id[:5] for container in asn.containers} == {SSCC_PLACE, CASE_PLACE[:5]}
    per_case = Counter(unit.parent for unit in asn.units)
    assert set(per_case.values()) == {12}


def test_documents_bring_loose_units_cold_goods_and_lines(site: DemoSite) -> None:
    assert [unit for unit in site.document("ASN-1002").units if unit.parent is None]
    classes = {site.item(unit.gtin).storage_class for unit in site.document("ASN-1003").units}
    assert classes == {StorageClass.COLD, StorageClass.FROZEN}
    order = site.document("PO-2001")
    assert order.kind is DocumentKind.PO
    assert {line.lot for line in order.lines} >= {"P55", None}


def test_something_is_recalled_expired_and_nearly_so(site: DemoSite) -> None:
    recall = next(watch for watch in site.watches if watch.kind == "recall")
    on_documents = [
        unit.serial
        for document in site.documents
        for unit in document.units
        if (unit.gtin, unit.lot) == (recall.gtin, recall.lot)
    ]
    in_stock = sum(line.quantity for line in site.opening if (line.gtin, line.lot) == (recall.gtin, recall.lot))
    assert (len(on_documents), in_stock) == (1, 3)
    days_left = {(line.expiry - TODAY).days for line in site.opening if line.expiry}
    assert {20, 45, 80} <= days_left
    expired = [line for line in site.opening if line.expiry and line.expiry < TODAY]
    assert [(line.place, line.quantity) for line in expired] == [("DOCK-3", 1)]
    assert [unit for unit in site.document("ASN-1002").units if unit.expiry < TODAY]


def test_expiries_follow_the_given_day_and_nothing_else_does() -> None:
    first, second = load_demo(TODAY), load_demo(TODAY + timedelta(days=400))
    units = list(zip(first.document("ASN-1001").units, second.document("ASN-1001").units, strict=True))
    assert all(later.expiry - earlier.expiry == timedelta(days=400) for earlier, later in units)
    assert all((later.lot, later.serial) == (earlier.lot, earlier.serial) for earlier, later in units)


def test_opening_stock_stands_where_its_storage_class_allows(site: DemoSite) -> None:
    places = {place.code: place for place in site.places}
    for line in site.opening:
        place = places[line.place]
        if place.kind is PlaceKind.STORAGE:
            assert place.storage_class is site.item(line.gtin).storage_class
        assert site.item(line.gtin).serialised is bool(line.serials)
        assert line.quantity == len(line.serials) or not line.serials


def test_one_expiry_for_each_lot(site: DemoSite) -> None:
    known: dict[tuple[str, str], date] = {}
    rows = [(unit.gtin, unit.lot, unit.expiry) for document in site.documents for unit in document.units]
    rows += [(line.gtin, line.lot, line.expiry) for line in site.opening if line.lot and line.expiry]
    for gtin, lot, expiry in rows:
        assert known.setdefault((gtin, lot), expiry) == expiry


def test_opening_drafts_post_every_unit_and_name_where_they_come_from(site: DemoSite) -> None:
    drafts = opening_drafts(site)
    posted = sum(posting.quantity for draft in drafts for posting in draft.postings)
    assert posted == sum(line.quantity for line in site.opening)
    assert {(draft.kind, draft.note) for draft in drafts} == {(EntryKind.OPENING_BALANCE, PROVENANCE)}
    moves = [move for draft in drafts for move in draft.container_moves]
    assert [(move.to_parent, is_container(move.container)) for move in moves] == [("B-05-1", True)]


def test_the_device_has_its_dock_and_its_cage(site: DemoSite) -> None:
    kinds = {place.code: place.kind for place in site.places}
    assert kinds[READ_POINT] is PlaceKind.DOCK
    assert kinds[CAGE] is PlaceKind.CAGE


def test_the_sign_in_hint_names_every_badge_and_pin(site: DemoSite) -> None:
    hints = badge_hints(site)
    assert [hint.badge.partition(".")[0] for hint in hints] == [f"USR-100{n}" for n in range(1, 7)]
    assert all(hint.pin.isdigit() for hint in hints)


def test_a_verifier_is_argon2id_over_pin_then_token(site: DemoSite) -> None:
    argon2 = pytest.importorskip("argon2")
    person = site.operator("USR-1001")
    verifier = verifier_of(person)
    assert verifier.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert argon2.PasswordHasher().verify(verifier, person.pin + person.token)
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(verifier, person.token + person.pin)
