"""A small site with deliveries for the receiving tests, and a desk that scans at it and checks what can be said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from scanner_app.domain.keys import check_digit
from scanner_app.domain.masters import (
    Document,
    DocumentKind,
    DocumentLine,
    Item,
    Level,
    Operator,
    Place,
    PlaceKind,
    Role,
    StorageClass,
    Watch,
)
from scanner_app.domain.refusals import Accepted, Refused
from scanner_app.domain.scan import ParsedScan, parse_scan
from scanner_app.domain.stock import case_place, sscc_place
from scanner_app.domain.typed_entry import read_typed
from scanner_app.workflows.receiving import Receiving
from scanner_app.workflows.step import Command, Commanded, Moment, Scanned, Typed
from scanner_app.workflows.undo import undo_last
from tests.workflows.facts_table import Expected, Ledger
from tests.workflows.sentences import unsaid, unsaid_of

if TYPE_CHECKING:
    from scanner_app.workflows.receiving_state import ReceivingState
    from scanner_app.workflows.step import Transition

GS = "\x1d"
TODAY = date(2026, 11, 24)
GOOD = date(2027, 5, 31)
OTHER_DATE = date(2027, 12, 31)
PAST = date(2026, 11, 23)
ANA = Operator("USR-1042", "Ana", Role.OPERATOR, "verifier")
MOMENT = Moment(1_795_480_000_000, TODAY, ANA, "DOCK-1", "task-1", "CAGE", 60)


def gtin_of(body: str) -> str:
    """The GTIN-14 of 13 digits."""
    return body + check_digit(body)


def sscc_of(number: int) -> str:
    """An SSCC of the demonstration company."""
    body = f"0952100100{number:07d}"
    return body + check_digit(body)


AMOX = Item(gtin_of("0952100100011"), "Amoxidem", "500 mg caps, 100", StorageClass.AMBIENT)
NORTAVEL = Item(gtin_of("0952100200011"), "Nortavel", "50 mg tabs, 30", StorageClass.AMBIENT)
INSULIN = Item(gtin_of("0952100400011"), "Insulora", "100 IU/ml, 5", StorageClass.COLD)
VITAMIN = Item(gtin_of("0952100500011"), "Vitadrop", "caps, 60", StorageClass.AMBIENT, covered=False)
PAIN = Item(
    gtin_of("0952100600021"), "Painaway", "200 mg tabs, 24", StorageClass.AMBIENT, serialised=False, covered=False
)
SYRUP = Item(gtin_of("0952100600031"), "Syrupol", "120 ml", StorageClass.AMBIENT, serialised=False)
SWABS = Item(
    gtin_of("0952100600091"), "Bandex", "gauze, 100", StorageClass.AMBIENT, serialised=False, covered=False,
    lot_controlled=False,
)  # fmt: skip
ITEMS = (AMOX, NORTAVEL, INSULIN, VITAMIN, PAIN, SYRUP, SWABS)
CASE_FACTOR = 4
UNKNOWN = gtin_of("0952100999991")


def case_gtin(item: Item) -> str:
    """The GTIN of the item's case."""
    return gtin_of("1" + item.gtin[1:13])


PALLET, CASE_1, CASE_2, MIXED, OTHER_PALLET, COLD_PALLET, STRAY = (sscc_place(sscc_of(n)) for n in range(1, 8))
NAMED_CASE = case_place(case_gtin(AMOX), "C-77")


def site() -> Ledger:
    """The masters, and four open deliveries: ASN-1 and ASN-2 serialised, PO-1 by lines, ASN-COLD cold."""
    ledger = Ledger()
    for item in ITEMS:
        ledger.levels[item.gtin] = Level(item.gtin, item, 1, "each")
        ledger.levels[case_gtin(item)] = Level(case_gtin(item), item, CASE_FACTOR, "case")
    for code, kind in (
        ("DOCK-1", PlaceKind.DOCK),
        ("DOCK-2", PlaceKind.DOCK),
        ("B-04-2", PlaceKind.STORAGE),
        ("CAGE", PlaceKind.CAGE),
    ):
        ledger.places[code] = Place(code, kind, StorageClass.AMBIENT)
    ledger.operators[ANA.id] = ANA
    for number, serialised in (("ASN-1", True), ("ASN-2", True), ("ASN-COLD", True), ("PO-1", False)):
        on_paper = DocumentKind.ASN if serialised else DocumentKind.PO
        ledger.documents[number] = Document(number, on_paper, "Meridian", serialised, closed=False)
    ledger.containers_of = {
        "ASN-1": {PALLET: None, CASE_1: PALLET, CASE_2: PALLET, NAMED_CASE: None, MIXED: None},
        "ASN-2": {OTHER_PALLET: None},
        "ASN-COLD": {COLD_PALLET: None},
    }
    ledger.units_of = {
        "ASN-1": [
            *(Expected(AMOX.gtin, f"A{n}", "A12B", GOOD, CASE_1) for n in range(3)),
            *(Expected(AMOX.gtin, f"B{n}", "A12B", GOOD, CASE_2) for n in range(3)),
            *(Expected(AMOX.gtin, f"C{n}", "A12B", GOOD, NAMED_CASE) for n in range(4)),
            *(Expected(AMOX.gtin, f"L{n}", "A12B", GOOD) for n in range(4)),
            Expected(NORTAVEL.gtin, "M0", "N08", GOOD, MIXED),
            Expected(AMOX.gtin, "M1", "A12B", GOOD, MIXED),
        ],
        "ASN-2": [
            Expected(NORTAVEL.gtin, "N0", "N31", GOOD, OTHER_PALLET),
            Expected(NORTAVEL.gtin, "N1", "N31", GOOD),
        ],
        "ASN-COLD": [
            *(Expected(INSULIN.gtin, f"I{n}", "F03", GOOD, COLD_PALLET) for n in range(2)),
            Expected(INSULIN.gtin, "I9", "F03", GOOD),
        ],
    }
    ledger.lines_of = {
        "PO-1": [
            DocumentLine(1, PAIN.gtin, "P55", GOOD, 20, 0),
            DocumentLine(2, SWABS.gtin, None, None, 10, 0),
            DocumentLine(3, SYRUP.gtin, "S1", None, 5, 0),
            DocumentLine(4, AMOX.gtin, "Z9", GOOD, 2, 0),
            DocumentLine(5, VITAMIN.gtin, None, None, 2, 0),
        ]
    }
    return ledger


def pack(item: Item, serial: str | None = None, lot: str | None = "A12B", expiry: date | None = GOOD) -> str:
    """The DataMatrix of a pack; what is None does not stand on it."""
    return label(item.gtin, serial, lot, expiry)


def label(gtin: str | None, serial: str | None, lot: str | None, expiry: date | None) -> str:
    """A GS1 DataMatrix of the elements that are given."""
    text = "]d2" + ("" if gtin is None else f"01{gtin}") + ("" if expiry is None else f"17{expiry:%y%m%d}")
    text += "" if lot is None else f"10{lot}{GS}"
    return (text + ("" if serial is None else f"21{serial}")).removesuffix(GS)


def box(container: str) -> str:
    """The GS1-128 of a pallet or case by its place id."""
    if container.startswith("sscc:"):
        return f"]C100{container.removeprefix('sscc:')}"
    gtin, _, serial = container.removeprefix("sgtin:").partition(":")
    return f"]C101{gtin}21{serial}"


def parsed(text: str) -> ParsedScan:
    """A scan as intake understands it."""
    found = parse_scan(text, TODAY)
    assert isinstance(found, ParsedScan), found
    return found


def typed(text: str) -> ParsedScan:
    """A code typed by hand as intake understands it."""
    found = read_typed(text, TODAY)
    assert isinstance(found, ParsedScan), found
    return found


@dataclass
class Desk:
    """Scans at one receiving task; every step's words are checked."""

    ledger: Ledger = field(default_factory=site)
    moment: Moment = MOMENT
    workflow: Receiving = field(default_factory=Receiving)

    def open(self, document: str | None = "ASN-1") -> Desk:
        """Opens the task."""
        self._keep(self.ledger.open(self.workflow, document, self.moment))
        return self

    @property
    def state(self) -> ReceivingState:
        """The present state."""
        return self.last.state

    def _keep(self, transition: Transition[ReceivingState]) -> Transition[ReceivingState]:
        self.last = transition
        assert unsaid_of(transition, self.workflow.prompt(transition.state)) == []
        assert verdict_unsaid(transition) == []
        return transition

    def scan(self, text: str, *, confirms: bool = True) -> Transition[ReceivingState]:
        """One scan."""
        happening = Scanned(parsed(text), confirms=confirms)
        return self._keep(self.ledger.run(self.workflow, self.state, happening, self.moment))

    def type_code(self, text: str, *, confirms: bool = True) -> Transition[ReceivingState]:
        """One code typed by hand."""
        happening = Scanned(typed(text), confirms=confirms)
        return self._keep(self.ledger.run(self.workflow, self.state, happening, self.moment))

    def command(self, command: Command, number: int | None = None) -> Transition[ReceivingState]:
        """One key or card."""
        return self._keep(self.ledger.run(self.workflow, self.state, Commanded(command, number), self.moment))

    def type(self, text: str) -> Transition[ReceivingState]:
        """One typed text."""
        return self._keep(self.ledger.run(self.workflow, self.state, Typed(text), self.moment))

    def undo(self) -> Transition[ReceivingState]:
        """Undo, as for every workflow."""
        state = self.state
        decided = self.ledger.decide(lambda facts: undo_last(self.workflow, state, facts, self.moment))
        self.ledger.write(decided.draft, self.moment)
        return self._keep(decided)

    def watch(self, kind: str, item: Item, lot: str | None = None, serial: str | None = None) -> Desk:
        """Puts a line on the recall or watch-list."""
        number = len(self.ledger.watches)
        self.ledger.watches.append(Watch(f"W{number}", kind, item.gtin, lot, serial, "reported stolen"))
        return self


def verdict_unsaid(transition: Transition[ReceivingState]) -> list[str]:
    """What the history could not say of the verdict alone; a close of `damaged` has words of its own there."""
    if transition.draft is None:
        return []
    verdict = transition.draft.verdict
    code = f"refusal.{verdict.refusal}" if isinstance(verdict, Refused) else f"outcome.{verdict.outcome}"
    return unsaid(code, verdict.parameters)


def said(transition: Transition[ReceivingState]) -> tuple[str, str | None, str]:
    """The verdict's code, what a confirmation overrode, and the tone."""
    assert transition.draft is not None
    verdict = transition.draft.verdict
    if isinstance(verdict, Accepted):
        overrode = verdict.parameters.get("overrode")
        return verdict.outcome.value, None if overrode is None else str(overrode), transition.tone.value
    return verdict.refusal.value, None, transition.tone.value
