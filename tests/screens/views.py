"""Views as the terminal makes them, one for each thing a screen has to show; the demonstration's invented goods."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner_app.terminal.view import (
    HealthRow,
    HistoryRow,
    KeyHint,
    Link,
    Mark,
    MenuEntry,
    Meter,
    Panel,
    Room,
    Status,
    View,
)

SIZES: Final = ((40, 20), (30, 20), (26, 16), (80, 24))

OFFLINE: Final = Status("ANA", "Site 1", "DOCK-2", Link.OFFLINE, "OFFLINE 2h", "14:07")
NO_CENTRE: Final = replace(OFFLINE, link=Link.NO_CENTRE, link_text="no centre yet")
ONLINE: Final = replace(OFFLINE, link=Link.ONLINE, link_text="online", clock="14:05")
NOBODY: Final = replace(NO_CENTRE, user="")
METER: Final = Meter(142, 142, 0, 131, 0, "2h")
ALONE: Final = Meter(142, 142, 0)

WORK_KEYS: Final = (
    KeyHint("F1", "Help"),
    KeyHint("F2", "Undo"),
    KeyHint("F4", "Next"),
    KeyHint("F5", "History"),
    KeyHint("F6", "Type"),
    KeyHint("F7", "Damaged"),
    KeyHint("F8", "Look up"),
    KeyHint("F10", "Menu"),
)
BACK: Final = (KeyHint("F1", "Help"), KeyHint("F3", "Back"))
PAGE: Final = KeyHint("F4", "Page")

RECEIVING: Final = View(
    room=Room.TASK,
    status=OFFLINE,
    meter=METER,
    title="RECEIVE  ASN-1001",
    subtitle="",
    verb="scan pallet, case or item",
    giant="ITEM",
    done=34,
    total=96,
    progress_text="34 of 96",
    lines=(
        "Amoxidem 500 mg caps, 100",
        "LOT A12B          EXP 2027-05-31",
        "SER 7J3K0012219",
        "CASE (00) …4711   6 of 12",
    ),
    panel=Panel(Mark.OK, "OK", "saved", ("34 of 96     lot A12B  20 of 48",), "+1"),
    keys=WORK_KEYS,
    scanner_text="ttyACM0 ready",
)
WRONG_LOT: Final = replace(
    RECEIVING,
    status=NO_CENTRE,
    meter=Meter(144, 142, 2),
    lines=("Amoxidem 500 mg caps, 100", "LOT B77           EXP 2027-08-31", "SER 7J3K0012220"),
    panel=Panel(
        Mark.STOP,
        "STOP",
        "wrong lot",
        ("this is B77 — the ASN says A12B", "scan again to put it in the cage"),
        "",
        "14:05",
    ),
)
EXPIRED: Final = replace(
    RECEIVING,
    status=NO_CENTRE,
    meter=ALONE,
    lines=("Insulem rapid 100 IU/ml solution for injection, 5 pens of 3 ml", "LOT IR-7781       EXP 2024-01-31"),
    panel=Panel(Mark.STOP, "STOP", "expired 2024-01-31, today 2026-03-02", ("held: put it in the cage",)),
)
COLD: Final = replace(
    RECEIVING,
    verb="cold goods: what does the logger say?",
    giant="LOGGER",
    lines=("Insulem rapid 100 IU/ml, 5 pens", "2-8 °C            LOT IR-7790"),
    panel=Panel(Mark.ASK, "CHECK", "cold goods: logger result first", ("a logger card, or F6 to type it",)),
)
PUT_AWAY: Final = replace(
    RECEIVING,
    title="PUT AWAY",
    verb="12 in hand, Amoxidem 500 mg: room 15-25, try B-04-2",
    giant="B-04-2",
    done=2,
    total=7,
    progress_text="2 of 7",
    lines=("Amoxidem 500 mg caps, 100", "LOT A12B          EXP 2027-05-31", "12 in case (00) …4711"),
    panel=Panel(Mark.INFO, "GO TO", "B-04-2", ("aisle B, rack 04, level 2",)),
)
TYPING: Final = replace(
    RECEIVING, subtitle="how many is the next scan?", verb="TYPE", giant="NUMBER", entering="48", panel=None
)
TYPING_LONG: Final = replace(RECEIVING, panel=None, entering="(01)09521234543213(10)A12B")
RECALL: Final = replace(
    RECEIVING,
    meter=Meter(145, 142, 3, 131, 0, "2h"),
    verb="(10)C90: quarantine card, or the cage",
    giant="CAGE",
    lines=("Cardizol 20 mg, 28 tablets", "LOT C90           EXP 2027-01-31"),
    panel=Panel(
        Mark.RECALL, "RECALL", "lot C90  Cardizol 20 mg",
        ("do not use — 3 units known here", "scan QUARANTINE card or the cage", "list is 2 h old"),
    ),
    keys=(KeyHint("F1", "Help"), KeyHint("F6", "Type"), KeyHint("F10", "Answer")),
    blocking=True,
)  # fmt: skip
RECALL_REFUSING: Final = replace(
    RECALL,
    panel=Panel(
        Mark.RECALL, "RECALL", "RECALL lot C90 Cardizol: do not use",
        ("STOP SER N31T9757771: answer first: c90X9530999 is recalled",),
    ),
    lines=("Cardizol 20 mg, 28 tablets", "LOT C90  EXP 2027-01-31", "SER c90X9530999", "3 units of it known here"),
)  # fmt: skip
RECALL_ANSWERS: Final = replace(
    RECALL_REFUSING, menu=(MenuEntry("1", "Quarantine"), MenuEntry("2", "LEAVE ON THE DOCK")),
    keys=(KeyHint("F1", "Help"), KeyHint("F3", "Back"), KeyHint("F6", "Type"), KeyHint("F10", "Answer")),
)  # fmt: skip
SIGN_IN: Final = View(
    Room.SIGN_IN, NOBODY, ALONE, "SIGN IN", "", "scan your badge", "BADGE",
    keys=(KeyHint("F1", "Help"), KeyHint("F6", "Type")),
    scanner_text="ttyACM0 ready",
)  # fmt: skip
PIN: Final = replace(
    SIGN_IN, verb="Ana Duarte: type your PIN", giant="PIN", entering="123", secret=True,
    panel=Panel(Mark.STOP, "STOP", "wrong PIN, 2 tries left"),
    keys=(KeyHint("F1", "Help"), KeyHint("F3", "Badge")),
)  # fmt: skip
MENU: Final = View(
    Room.MENU, NO_CENTRE, ALONE, "MENU", "choose, or scan any code", "", "",
    menu=(
        MenuEntry("1", "RECEIVE", "4 open, 1 late"),
        MenuEntry("2", "PUT AWAY", "7 units in DOCK-2"),
        MenuEntry("3", "OPENING BALANCE", "not closed"),
        MenuEntry("4", "LOOK UP"),
        MenuEntry("5", "FOLLOW-UPS", "3 open"),
        MenuEntry("6", "HEALTH", "all well"),
        MenuEntry("7", "SIGN OUT"),
    ),
    keys=(KeyHint("F1", "Help"), KeyHint("F5", "History"), KeyHint("F6", "Type"), KeyHint("F8", "Look up")),
    paging=PAGE, scanner_text="scanner ready",
)  # fmt: skip
DELIVERIES: Final = replace(
    MENU, title="RECEIVE", subtitle="choose, or scan its label",
    menu=(
        MenuEntry("1", "PO-2001", "60 of 472, Brightwater Health"),
        MenuEntry("2", "ASN-1003", "0 of 20, Halden Biologics"),
        MenuEntry("3", "ASN-1002", "0 of 35, Northwall Pharma"),
        MenuEntry("4", "ASN-1001", "0 of 96, Meridian Laboratories"),
        MenuEntry("5", "NO DOCUMENT"),
    ),
    keys=(*BACK, KeyHint("F5", "History"), KeyHint("F6", "Type"), KeyHint("F8", "Look up")), paging=PAGE,
)  # fmt: skip
LEAVING: Final = replace(MENU, notice="Ctrl-C again ends")
TRAINING: Final = replace(MENU, stripe="TRAINING")
LOOK_UP: Final = View(
    Room.ENQUIRY, ONLINE, METER, "LOOK UP", "", "scan any code", "ANY CODE", keys=BACK, scanner_text="ttyACM0 ready"
)
FOUND: Final = View(
    Room.ENQUIRY, ONLINE, METER, "LOOK UP", "", "scan any code", "ANY CODE",
    lines=(
        "EXPIRED 2026-11-10: 1",
        "Amoxidem 500 mg caps, 100",
        "GTIN 09521234543213, this unit",
        "B-04-2  available",
        "LOT A12B  EXP 2026-11-10",
        "SER 7J3K0012219",
        "11-02 09:31 received Ana Moreno: Meridian Pharma Logistics > DOCK-2",
        "11-03 10:02 moved Li Wei: DOCK-2 > B-04-2",
        "11-09 16:40 moved Li Wei: B-04-2 > B-05-1",
        "11-12 08:15 moved Ana Moreno: B-05-1 > B-04-2",
        "here 212: A12B 96, A14 116",
        "as of 14:05, by this device",
    ),
    panel=Panel(Mark.ASK, "CHECK", "EXPIRED 2026-11-10: 1"),
    keys=(
        *BACK, KeyHint("F5", "History"), KeyHint("F6", "Type"), KeyHint("F10", "Menu"), KeyHint("Enter", "Why?"),
    ),
    paging=PAGE,
)  # fmt: skip
_SEEN: Final = (
    HistoryRow("14:07", Mark.OK, "Amoxidem 500 mg A12B", "saved"),
    HistoryRow("14:07", Mark.STOP, "Amoxidem 500 mg B77", "wrong lot, the ASN says A12B"),
    HistoryRow("14:06", Mark.INFO, "7J3K0012218", "already done"),
    HistoryRow("14:06", Mark.OK, "Case (00) …4711", "opened"),
    HistoryRow("14:05", Mark.RECALL, "Cardizol 20 mg C90", "quarantined"),
    HistoryRow("14:04", Mark.ASK, "Insulem rapid IR-7790", "logger result asked"),
    HistoryRow("14:03", Mark.OK, "DOCK-2", "place"),
)
HISTORY: Final = View(
    Room.HISTORY, OFFLINE, METER, "HISTORY", "", "", "", history=(_SEEN * 3)[:20],
    keys=BACK, paging=PAGE,
)  # fmt: skip
HEALTH: Final = View(
    Room.HEALTH, NO_CENTRE, ALONE, "HEALTH", "", "", "",
    health=(
        HealthRow("Ledger", Mark.OK, "12410 entries, chain whole"),
        HealthRow("Scanner", Mark.STOP, "ttyACM0 unplugged 3 min ago", "plug it in; it comes back by itself"),
        HealthRow("Disk", Mark.ASK, "410 MiB free", "copy the ledger off and make room"),
        HealthRow("Recalls", Mark.OK, "list of 08:00"),
        HealthRow("Clock", Mark.OK, "right to 1 s"),
        HealthRow("Centre", Mark.INFO, "no centre yet"),
    ),
    keys=BACK, paging=PAGE, scanner_text="no scanner: plug it in", scanner_ok=False,
)  # fmt: skip
HELP: Final = View(
    Room.HELP, NO_CENTRE, ALONE, "HELP", "", "", "",
    notes=(
        "Scan the pallet, a case or single packs, in any order.",
        "",
        "F2   undo the last step",
        "F4   skip this line; it becomes a follow-up",
        "F6   type a code or a quantity by hand",
        "F7   damaged: the next pack goes to the cage",
        "F8   look anything up without leaving the work",
        "",
        "Green means saved. Red means nothing was taken in: the line under it says what to do.",
        "Scan the same code again to confirm what is asked in amber.",
    ),
    keys=BACK, paging=PAGE,
)  # fmt: skip
PARKED: Final = View(
    Room.PARKED, OFFLINE, replace(METER, parked=2), "TO RESOLVE", "", "", "",
    notes=(
        "•  recalled, in the cage: Cardizol  SER c90X9530999",
        "•  damaged: Tresopan  SER N31T5423653",
        "•  more than ordered: Salinera  LOT SA8",
        "•  on paper, not here: ASN-1002",
    ),
    keys=BACK, paging=PAGE,
)  # fmt: skip
FAULT: Final = View(
    Room.FAULT, NO_CENTRE, ALONE, "STOPPED", "fault 0193-7C2A", "", "",
    lines=("The program met an error of its own.", "Everything saved so far is safe.", "It starts again in a moment."),
    panel=Panel(Mark.STOP, "STOP", "not saved: the last scan", ("scan it again after the restart",)),
    keys=(KeyHint("Enter", "Restart"),),
)  # fmt: skip
BLIND: Final = replace(
    RECEIVING, title="COUNT", subtitle="", verb="17 scanned, 3 lots; place again closes", giant="B-04-2", done=17,
    total=None, progress_text="17 done",
    lines=("Amoxidem 500 mg caps, 100", "LOT A12B  EXP 2027-05-31", "SER 7J3K00122", "4 units of it so far in B-04-2"),
    panel=Panel(Mark.OK, "OK", "+1 Amoxidem", (), "", "14:09"),
    keys=(
        KeyHint("F1", "Help"), KeyHint("F2", "Undo"), KeyHint("F3", "Back"), KeyHint("F5", "History"),
        KeyHint("F6", "Type"), KeyHint("F8", "Look up"), KeyHint("F10", "Menu"),
    ),
)  # fmt: skip
UNTRUE: Final = replace(RECEIVING, meter=Meter(142, 140, 1, 131, 0, "2h"))
STOPPED: Final = replace(
    RECALL, giant="", verb="", subtitle="", lines=(),
    panel=Panel(
        Mark.STOP, "STOPPED", "the ledger cannot be written: disk full",
        ("nothing is taken in until there is room", "free space, then press Enter"),
    ),
    keys=(KeyHint("Enter", "Try again"),),
)  # fmt: skip

VIEWS: Final = {
    "sign_in": SIGN_IN,
    "pin": PIN,
    "menu": MENU,
    "deliveries": DELIVERIES,
    "leaving": LEAVING,
    "training": TRAINING,
    "receiving": RECEIVING,
    "wrong_lot": WRONG_LOT,
    "expired": EXPIRED,
    "cold": COLD,
    "put_away": PUT_AWAY,
    "typing": TYPING,
    "typing_long": TYPING_LONG,
    "blind": BLIND,
    "untrue": UNTRUE,
    "recall": RECALL,
    "recall_refusing": RECALL_REFUSING,
    "recall_answers": RECALL_ANSWERS,
    "stopped": STOPPED,
    "look_up": LOOK_UP,
    "found": FOUND,
    "history": HISTORY,
    "health": HEALTH,
    "help": HELP,
    "parked": PARKED,
    "fault": FAULT,
}
