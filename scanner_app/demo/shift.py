"""The demonstration shift: what Ana does on a morning, as lines for `scanner replay` (docs/contract).

She receives two pallets unopened, loose packs among which one has expired and one is recalled, a cold delivery with its
temperature logger and a delivery without serials; puts some of it away; counts a bin; looks one pack up. While she is
away the screen locks. After each step that matters stands what it must come to, so that the demonstration is a check as
well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from scanner_app.demo.labels import (
    command_scan,
    container_scan,
    expected_scan,
    gtin_scan,
    lot_scan,
    place_scan,
    stock_scan,
)
from scanner_app.demo.site import DemoDocument, DemoSite, ExpectedUnit

OPERATOR = "USR-1001"
SOURCE = "virtual"
Line = dict[str, Any]
"""One line of a replay, as the contract describes it."""


def shift_lines(site: DemoSite) -> tuple[str, ...]:
    """The shift on `site.today`, as JSON lines."""
    parts = (
        _sign_in(site),
        _receive_pallets(site),
        _receive_loose(site),
        _receive_cold(site),
        _receive_by_lines(site),
        _put_away(site),
        _count(site),
        _look_up(site),
        _sign_out(site),
    )
    return tuple(json.dumps(line, ensure_ascii=False) for part in parts for line in part)


def _sign_in(site: DemoSite) -> Iterator[Line]:
    """Badge and PIN at eight; a wrong PIN first."""
    person = site.operator(OPERATOR)
    yield _at(site, "08:00")
    yield {"sign_in": person.badge, "pin": "0000"}
    yield _refused("WRONG_PIN")
    yield {"sign_in": person.badge, "pin": person.pin}
    yield _accepted("OK")


def _receive_pallets(site: DemoSite) -> Iterator[Line]:
    """Two sealed pallets by their SSCC; their 96 units are taken by inference."""
    asn = site.document("ASN-1001")
    yield _at(site, "08:05")
    yield _open("receiving", asn.id)
    for pallet in _pallets(asn):
        yield _scan(container_scan(pallet))
        yield _accepted("MATCHED")
    yield _scan(container_scan(_pallets(asn)[0]))
    yield _refused("ALREADY_SCANNED")
    yield {"command": "accept_rest"}
    yield _accepted("INFERRED")
    yield {"command": "done"}
    yield _accepted("OK")


def _receive_loose(site: DemoSite) -> Iterator[Line]:
    """Loose packs: good, taken back, doubled, expired, recalled, damaged; and two cases."""
    asn = site.document("ASN-1002")
    good = _loose(asn, "N31")
    yield from _back_at(site, "08:40")
    yield _open("receiving", asn.id)
    for unit in good[:3]:
        yield _scan(expected_scan(unit))
        yield _accepted("MATCHED")
    yield {"command": "undo"}
    yield _accepted("OK")
    yield _scan(expected_scan(good[2]))
    yield _accepted("MATCHED")
    yield _scan(expected_scan(good[1]))
    yield _refused("ALREADY_SCANNED")
    yield _scan(expected_scan(_loose(asn, "N08")[0]))
    yield _refused("EXPIRED")
    yield _scan(container_scan(site.document("ASN-1003").containers[0].id))
    yield _refused("IN_OTHER_DOCUMENT")
    yield from _recall(asn)
    for case in _pallets(asn):
        yield _scan(container_scan(case))
        yield _accepted("MATCHED")
    yield _scan(command_scan("DAMAGED"))
    yield _scan(expected_scan(_loose(asn, "N09")[0]))
    yield _accepted("DAMAGED")
    yield {"command": "accept_rest"}
    yield _accepted("INFERRED")
    yield {"command": "done"}
    yield {"command": "done"}
    yield _accepted("DATA_WITHOUT_PRODUCT")


def _recall(asn: DemoDocument) -> Iterator[Line]:
    """A recalled pack stops everything until it is in the cage."""
    yield _scan(expected_scan(_loose(asn, "C90")[0]))
    yield _refused("RECALLED")
    yield _scan(expected_scan(_loose(asn, "N31")[4]))
    yield _refused("ANSWER_FIRST")
    yield _scan(command_scan("QUARANTINE"))
    yield _accepted("CONFIRMED")


def _receive_cold(site: DemoSite) -> Iterator[Line]:
    """A cold pallet waits for its logger's result."""
    asn = site.document("ASN-1003")
    yield from _back_at(site, "09:20")
    yield _open("receiving", asn.id)
    yield _scan(container_scan(_pallets(asn)[0]))
    yield _refused("CONDITION_MISSING")
    yield {"command": "logger_ok"}
    yield _accepted("OK")
    for container in _pallets(asn):
        yield _scan(container_scan(container))
        yield _accepted("MATCHED")
    for unit in _loose(asn, "F03"):
        yield _scan(expected_scan(unit))
        yield _accepted("MATCHED")
    yield {"command": "accept_rest"}
    yield _accepted("INFERRED")
    yield {"command": "done"}
    yield _accepted("OK")


def _receive_by_lines(site: DemoSite) -> Iterator[Line]:
    """Goods without serials, counted: by the pack, by the case and by a typed quantity; one more than was expected."""
    order = site.document("PO-2001")
    painaway, salinera = order.lines[0], order.lines[1]
    yield from _back_at(site, "09:50")
    yield _open("receiving", order.id)
    yield _scan(_line_scan(painaway.gtin, site))
    yield _accepted("MATCHED")
    yield _scan(command_scan("QTY10"))
    yield _scan(_line_scan(painaway.gtin, site))
    yield _accepted("MATCHED")
    for _ in range(4):
        yield _scan(_line_scan(salinera.gtin, site, site.case_gtin(salinera.gtin)))
        yield _accepted("MATCHED")
    yield _scan(_line_scan(salinera.gtin, site))
    yield _refused("OVER_QUANTITY")
    yield _scan(gtin_scan(order.lines[4].gtin))
    yield _accepted("MATCHED")
    yield {"command": "done"}
    yield {"command": "done"}
    yield _accepted("SHORT")


def _put_away(site: DemoSite) -> Iterator[Line]:
    """A pallet, loose packs, and cold goods, whose first bin is of the wrong storage class."""
    pallets, cold = _pallets(site.document("ASN-1001")), _pallets(site.document("ASN-1003"))[0]
    yield from _back_at(site, "10:30")
    yield _open("putaway")
    for pallet, place in zip(pallets, ("B-04-2", "B-04-3"), strict=True):
        yield _scan(container_scan(pallet))
        yield _scan(place_scan(place))
        yield _accepted("OK")
    for unit in _loose(site.document("ASN-1002"), "N31")[:3]:
        yield _scan(expected_scan(unit))
        yield _scan(place_scan("A-01-2"))
        yield _accepted("OK")
    yield _scan(container_scan(cold))
    yield _scan(place_scan("A-04-1"))
    yield _refused("WRONG_STORAGE_CLASS")
    yield _scan(place_scan("C-01-3"))
    yield _accepted("OK")
    yield {"command": "done"}


def _count(site: DemoSite) -> Iterator[Line]:
    """A bin, blind: what was there before and what was put there; one pack is scanned twice, another taken back."""
    place = "A-01-2"
    before = [stock_scan(line, serial) for line in site.opening if line.place == place for serial in line.serials]
    packs = [*before, *(expected_scan(unit) for unit in _loose(site.document("ASN-1002"), "N31")[:3])]
    yield from _back_at(site, "10:50")
    yield _open("counting")
    yield _scan(place_scan(place))
    yield _accepted("OK")
    for pack in packs:
        yield _scan(pack)
        yield _accepted("OK")
    yield _scan(packs[0])
    yield _refused("ALREADY_SCANNED")
    yield {"command": "undo"}
    yield _accepted("OK")
    yield _scan(packs[-1])
    yield _accepted("OK")
    yield _scan(place_scan(place))
    yield _accepted("OK")
    yield {"command": "done"}


def _look_up(site: DemoSite) -> Iterator[Line]:
    """What one pack is, where it stands and what happened to it."""
    yield from _back_at(site, "11:05")
    yield {"key": "F8"}
    yield _scan(expected_scan(_loose(site.document("ASN-1002"), "N31")[0]))
    yield _accepted("OK")
    yield {"key": "F3"}


def _sign_out(site: DemoSite) -> Iterator[Line]:
    yield _at(site, "11:10")
    yield {"command": "sign_out"}
    yield _accepted("OK")


def _pallets(document: DemoDocument) -> tuple[str, ...]:
    """The containers that stand in no other."""
    return tuple(container.id for container in document.containers if container.parent is None)


def _loose(document: DemoDocument, lot: str) -> tuple[ExpectedUnit, ...]:
    """The units of a lot that stand in no container."""
    return tuple(unit for unit in document.units if unit.parent is None and unit.lot == lot)


def _line_scan(gtin: str, site: DemoSite, label_gtin: str | None = None) -> str:
    """The scan of goods that PO-2001 names by lot; `label_gtin` is the level's own where it is not the each."""
    line = next(line for line in site.document("PO-2001").lines if line.gtin == gtin)
    if line.lot is None or line.expiry is None:
        return gtin_scan(label_gtin or gtin)
    return lot_scan(label_gtin or gtin, line.lot, line.expiry)


def _at(site: DemoSite, time: str) -> Line:
    return {"at": f"{site.today.isoformat()}T{time}:00+00:00"}


def _back_at(site: DemoSite, time: str) -> Iterator[Line]:
    """After a break longer than the idle time, which locked the screen: the PIN alone opens it."""
    yield _at(site, time)
    yield {"text": site.operator(OPERATOR).pin}
    yield _accepted("OK")


def _open(workflow: str, document: str | None = None) -> Line:
    return {"open": workflow} if document is None else {"open": workflow, "document": document}


def _scan(text: str) -> Line:
    return {"scan": text, "source": SOURCE}


def _accepted(outcome: str) -> Line:
    return {"expect": {"result": "accepted", "outcome": outcome}}


def _refused(refusal: str) -> Line:
    return {"expect": {"result": "refused", "refusal": refusal}}
