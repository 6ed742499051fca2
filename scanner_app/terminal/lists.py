"""The lists that are laid over the work, as their rows: the last scans, health, what is to resolve, help."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, cast

from scanner_app.domain.facts import LevelOf, RecentScans
from scanner_app.domain.follow_ups import ITEM_SUBJECT, LOT_SUBJECT
from scanner_app.domain.refusals import Refusal
from scanner_app.domain.scan import Kind, ScanError, parse_scan
from scanner_app.domain.stock import CASE_PLACE, SSCC_PLACE
from scanner_app.phrases import printable
from scanner_app.terminal.counts import counts_due
from scanner_app.terminal.health import health_rows
from scanner_app.terminal.telling import mark_of, sentence
from scanner_app.terminal.view import HealthRow, HistoryRow, Mark
from scanner_app.workflows.goods import container_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from scanner_app.domain.facts import HistoryLine
    from scanner_app.domain.masters import Level
    from scanner_app.domain.site_state import Flag
    from scanner_app.phrases import Phrases
    from scanner_app.store.ledger import Ledger
    from scanner_app.terminal.desk import Told
    from scanner_app.terminal.front import Front
    from scanner_app.terminal.health import HealthLine
    from scanner_app.terminal.keys import Actions
    from scanner_app.terminal.presenter import ScannerText

HISTORY_DAY = date(2026, 1, 1)
"""The century rule needs a day; what history shows of a scan holds no date."""

SSCC_SHOWN = 4
SEPARATOR_PICTURE = "\u241d"
GROUP_SEPARATOR = "\x1d"
HELPED = ("undo", "back", "skip", "history", "enter", "damaged", "look_up", "sync", "menu")
"""Actions in the order in which help tells of them."""
HELPED_OTHERWISE = frozenset({"answer", "badge", "pin", "retry", "stay_offline", "go_online"})
"""Labels whose key does something else than it does everywhere."""


def history_list(front: Front, say: Phrases, clock_text: Callable[[int], str], limit: int) -> tuple[HistoryRow, ...]:
    """The last scans and what was taken back, newest first, in the words of the screen where they are remembered."""
    lines = cast("tuple[HistoryLine, ...]", front.ledger.answer(RecentScans(limit, corrections=True)))
    return tuple(_history_row(line, front.told_of(line.event_id), say, clock_text(line.event_time)) for line in lines)


def _history_row(line: HistoryLine, told: Told | None, say: Phrases, clock: str) -> HistoryRow:
    what = scan_in_words(line.scanned, say) if line.scanned else say.say("command.UNDO")
    if told is not None:
        return HistoryRow(clock, mark_of(told), what, sentence(told, say))
    return HistoryRow(clock, _mark(line), what, _result(line, say))


def _mark(line: HistoryLine) -> Mark:
    """How the screen spoke, as far as the ledger tells it."""
    if line.accepted:
        return Mark.OK
    return {Refusal.RECALLED.value: Mark.RECALL, Refusal.ALREADY_SCANNED.value: Mark.INFO}.get(line.code, Mark.STOP)


def _result(line: HistoryLine, say: Phrases) -> str:
    """What the scan came to, as far as the ledger tells it: what it was, where it changed nothing."""
    noted = f"screen.history.{line.workflow}"
    if line.kind == "noted" and say.has(noted):
        return say.say(noted)
    if line.kind == "corrected":
        return say.say("say.undo.done")
    return say.say(f"{'outcome' if line.accepted else 'refusal'}.{line.code}", line.parameters)


def scan_in_words(scanned: str, say: Phrases) -> str:
    """A scan in a few words: the pallet's last digits, the serial, the lot, or the text itself."""
    parsed = parse_scan(scanned.replace(SEPARATOR_PICTURE, GROUP_SEPARATOR), HISTORY_DAY)
    if isinstance(parsed, ScanError):
        return printable(scanned)
    if parsed.kind is Kind.BADGE:
        return printable(scanned.partition("#")[0])
    if parsed.code is not None:
        return printable(parsed.code)
    if parsed.sscc is not None:
        return say.say("screen.scan.sscc", {"last": str(parsed.sscc)[-SSCC_SHOWN:]})
    keys = ((parsed.serial, "screen.scan.serial"), (parsed.lot, "screen.scan.lot"), (parsed.gtin, "screen.plain"))
    code, text = next(((code, str(key)) for key, code in keys if key is not None), ("screen.plain", scanned))
    return say.say(code, {"text": text})


def health_list(
    ledger: Ledger, now: datetime, scanner: ScannerText, centre: Sequence[HealthLine], say: Phrases
) -> tuple[HealthRow, ...]:
    """The scanner first, then the centre, then the ledger and the machine."""
    mark = Mark.OK if scanner.ok else Mark.ASK
    text = say.say(scanner.line.code, scanner.line.parameters)
    rows = [HealthRow(say.say("screen.health.scanner"), mark, text)]
    for row in (*centre, *health_rows(ledger, now)):
        remedy = "" if row.remedy is None else say.say(row.remedy)
        text = say.say(row.text.code, row.text.parameters)
        rows.append(HealthRow(say.say(row.name), Mark.OK if row.ok else Mark.STOP, text, remedy))
    return tuple(rows)


def follow_up_list(ledger: Ledger, today: date, say: Phrases) -> tuple[str, ...]:
    """What is to resolve, each with its goods by their names; then the counts that are open or due."""
    names: dict[str, str] = {}
    lines = []
    for row in ledger.follow_ups_open():
        subject = _subject(row.subject, lambda gtin: _name(names, ledger, gtin, today), say)
        cause = say.say(f"follow_up.{row.code}", {"subject": subject, "document": row.document})
        lines.append(say.say("screen.parked.item", {"cause": cause}))
    lines += [_doubt(flag, say) for flag in ledger.flags_open()]
    due = counts_due(ledger, ledger.open_tasks())
    lines += [say.say("screen.parked.item", {"cause": say.say(line.code, line.parameters)}) for line in due]
    return tuple(lines or [say.say("screen.parked.none")])


def _doubt(flag: Flag, say: Phrases) -> str:
    """A doubt of the centre in its own words; one of which this program knows no sentence by its code."""
    code = f"flag.{flag.code}"
    parameters = {"subject": flag.subject, **json.loads(flag.parameters)}
    cause = say.say(code, parameters) if say.has(code) else f"{flag.code} {flag.subject}"
    when = say.say(f"flag.severity.{flag.severity}") if say.has(f"flag.severity.{flag.severity}") else flag.severity
    return say.say("screen.parked.doubt", {"cause": cause, "when": when})


def _subject(subject: str, name_of: Callable[[str], str], say: Phrases) -> str:
    """A follow-up's subject (domain.follow_ups) by the names that a person knows it by."""
    if subject.startswith(SSCC_PLACE):
        return container_text(subject)
    for prefix, code in ((CASE_PLACE, "unit"), (LOT_SUBJECT, "lot"), (ITEM_SUBJECT, "item")):
        if subject.startswith(prefix):
            gtin, _, key = subject.removeprefix(prefix).partition(":")
            return say.say(f"screen.subject.{code}", {"item": name_of(gtin), "key": key})
    return subject


def _name(names: dict[str, str], ledger: Ledger, gtin: str, today: date) -> str:
    """An item's name, its GTIN where it is on no list; each is asked for once."""
    if gtin not in names:
        level = cast("Level | None", ledger.answer(LevelOf(gtin, today)))
        names[gtin] = gtin if level is None else level.item.name
    return names[gtin]


def help_list(front: Front, say: Phrases) -> tuple[str, ...]:
    """The prompt in full, what each key does that works where the work stands, and how the program is left."""
    prompt = front.desk.prompt
    working = front.actions_beneath
    told = [
        say.say("screen.help.key", {"key": front.key_of(action), "does": say.say(_help_code(action, working))})
        for action in HELPED
        if action in working
    ]
    return (say.say(prompt.code, prompt.parameters), "", *told, "", say.say("screen.help.leave"))


def _help_code(action: str, working: Actions) -> str:
    """The phrase of what a key does: that of its label where it means something of its own here, else the action's."""
    own = working[action].rpartition(".")[2]
    return f"screen.help.{own if own in HELPED_OTHERWISE else action}"
