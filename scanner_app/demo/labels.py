"""What a scanner would send for anything of the demonstration: units, cases, pallets, places, badges, cards.

Each text is a scan as it comes from the device, symbology identifier first (ISO/IEC 15424) and GS between the element
strings where GS1 General Specifications section 7.8 asks for one.

>>> from datetime import date
>>> unit_scan("09521001000116", "A12B", date(2027, 5, 31), "7J3K2236355").replace(GROUP_SEPARATOR, "<GS>")
']d201095210010001161727053110A12B<GS>217J3K2236355'
>>> place_scan("B-04-2")
']Q1LOC-B-04-2'
"""

from __future__ import annotations

from datetime import date
from typing import Final

from scanner_app.demo.site import DemoOperator, DemoSite, ExpectedUnit, OpeningLine
from scanner_app.domain.stock import CASE_PLACE, SSCC_PLACE

GROUP_SEPARATOR: Final = "\x1d"
DATA_MATRIX: Final = "]d2"
GS1_128: Final = "]C1"
QR: Final = "]Q1"
EAN: Final = "]E0"
ITF: Final = "]I1"
LOCATION: Final = "LOC-"
COMMAND: Final = "CMD-"
DOCUMENT: Final = "DOC-"


def unit_scan(gtin: str, lot: str, expiry: date, serial: str) -> str:
    """The DataMatrix of a serialised pack: (01) GTIN, (17) expiry, (10) lot, (21) serial."""
    return f"{DATA_MATRIX}01{gtin}17{expiry:%y%m%d}10{lot}{GROUP_SEPARATOR}21{serial}"


def lot_scan(gtin: str, lot: str, expiry: date) -> str:
    """The DataMatrix of a pack without serial: (01) GTIN, (17) expiry, (10) lot."""
    return f"{DATA_MATRIX}01{gtin}17{expiry:%y%m%d}10{lot}"


def expected_scan(unit: ExpectedUnit) -> str:
    """The scan of a unit that a document names."""
    return unit_scan(unit.gtin, unit.lot, unit.expiry, unit.serial)


def container_scan(container: str) -> str:
    """The GS1-128 of a pallet or case by its place id: (00) SSCC, or (01) GTIN and (21) serial.

    Raises ValueError for a place that is not a container.
    """
    if container.startswith(SSCC_PLACE):
        return f"{GS1_128}00{container.removeprefix(SSCC_PLACE)}"
    if container.startswith(CASE_PLACE):
        gtin, _, serial = container.removeprefix(CASE_PLACE).partition(":")
        return f"{GS1_128}01{gtin}21{serial}"
    message = f"not a container: {container}"
    raise ValueError(message)


def gtin_scan(gtin: str) -> str:
    """The linear symbol with the GTIN alone: EAN-13 for an each, ITF-14 for a case."""
    return f"{EAN}{gtin[1:]}" if gtin.startswith("0") else f"{ITF}{gtin}"


def place_scan(code: str) -> str:
    """The location label of a place."""
    return f"{QR}{LOCATION}{code}"


def command_scan(command: str) -> str:
    """A command card, such as UNDO or QTY10."""
    return f"{QR}{COMMAND}{command}"


def document_scan(document: str) -> str:
    """The label of a delivery note."""
    return f"{QR}{DOCUMENT}{document}"


def badge_scan(person: DemoOperator) -> str:
    """A badge, with its token."""
    return f"{QR}{person.badge}"


def stock_scan(line: OpeningLine, serial: str | None = None) -> str:
    """The scan of a pack of the opening stock; of one unit of it where `serial` is given.

    Raises ValueError where the line has no lot and expiry: such goods bear a GTIN alone (`gtin_scan`).
    """
    if line.lot is None or line.expiry is None:
        message = f"no lot on {line.gtin}"
        raise ValueError(message)
    if serial is None:
        return lot_scan(line.gtin, line.lot, line.expiry)
    return unit_scan(line.gtin, line.lot, line.expiry, serial)


def all_labels(site: DemoSite) -> dict[str, str]:
    """Every label of the site by its name, as a virtual scanner can play them.

    Names: `unit GTIN SERIAL`, a container's place id, `place CODE`, `badge ID`, `document ID`.
    """
    labels = {f"badge {person.id}": badge_scan(person) for person in site.operators}
    labels |= {f"place {place.code}": place_scan(place.code) for place in site.places}
    for document in site.documents:
        labels[f"document {document.id}"] = document_scan(document.id)
        labels |= {container.id: container_scan(container.id) for container in document.containers}
        labels |= {f"unit {unit.gtin} {unit.serial}": expected_scan(unit) for unit in document.units}
    for line in site.opening:
        labels |= {f"unit {line.gtin} {serial}": stock_scan(line, serial) for serial in line.serials}
        if line.container is not None:
            labels[line.container] = container_scan(line.container)
    return labels
