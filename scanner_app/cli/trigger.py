"""F12 in the demonstration: the virtual scanner reads what would be read next where the screen stands.

It keeps to the shift (scanner_app.demo.shift) as long as the worker does. What the shift does is taken apart into what
is scanned for each delivery, for put-away, in a count and to be looked up; which of it comes next follows from what the
terminal asks: a badge, the answer to a question, goods, a place, or on the menu the next delivery. So whatever was done
between two pulls, the next one goes on from there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from scanner_app.demo.labels import (
    badge_scan,
    command_scan,
    container_scan,
    document_scan,
    place_scan,
    stock_scan,
)
from scanner_app.demo.shift import shift_lines
from scanner_app.demo.site import READ_POINT
from scanner_app.domain.facts import ContainerOf, UnitOf
from scanner_app.domain.masters import PlaceKind
from scanner_app.domain.scan import ParsedScan, parse_scan
from scanner_app.domain.stock import case_place, sscc_place
from scanner_app.terminal.view import Room
from scanner_app.workflows.step import Command, Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanner_app.clock import Clock
    from scanner_app.demo.site import DemoOperator, DemoSite
    from scanner_app.domain.facts import ContainerFact, UnitFact
    from scanner_app.store.ledger import Ledger
    from scanner_app.terminal.front import Front
    from scanner_app.terminal.work import OpenTask
    from scanner_app.workflows.step import Prompt

LOOK_UP, OPENING, PUT_AWAY, COUNT = "enquiry", "opening", "putaway", "counting"
ANSWERS = frozenset({"QUARANTINE", "LOGGER_OK", "DONE", "SIGN_OUT"})
"""Commands of the shift that answer a question or end a task: they are scanned when they are asked for."""

LOOK_UP_KEY = "F8"
UNDERWAY_NS = 2_000_000_000
"""How long a pull waits for the label before it to be saved; without it a held key would read labels twice."""

NS_PER_MS = 1_000_000


def scripts_of(site: DemoSite) -> dict[str, tuple[str, ...]]:
    """What is scanned in each part of the shift, in its order: by the document, else by the workflow."""
    scripts: dict[str, list[str]] = {}
    part: list[str] = []
    for text in shift_lines(site):
        line = json.loads(text)
        if "open" in line:
            part = scripts.setdefault(line.get("document") or line["open"], [])
        elif line.get("key") == LOOK_UP_KEY:
            part = scripts.setdefault(LOOK_UP, [])
        elif "scan" in line:
            part.append(line["scan"])
        elif "command" in line:
            part.append(command_scan(line["command"].upper()))
    scripts[LOOK_UP] += [place_scan("B-04-2"), container_scan(site.documents[0].containers[0].id), place_scan("CAGE")]
    counted = next(line for line in site.opening if line.lot and line.container is None and not line.serials)
    scripts[OPENING] = [place_scan(counted.place), stock_scan(counted)]
    asked_for = {command_scan(answer) for answer in ANSWERS}
    return {name: tuple(label for label in labels if label not in asked_for) for name, labels in scripts.items()}


class Trigger:
    """The trigger of a virtual scanner, whose `scan` it is; pulled on the ledger thread."""

    def __init__(self, site: DemoSite, clock: Clock, guard_ms: int, scan: Callable[[str], None]) -> None:
        self._site = site
        self._clock = clock
        self._guard_ns = guard_ms * NS_PER_MS
        self._scan = scan
        self._scripts = scripts_of(site)
        self._at: dict[str, int] = {}
        self._delivery: str | None = None
        self._offered: set[str] = set()
        self._pulled_ns = -UNDERWAY_NS
        self._saved_before = -1

    def pull(self, front: Front) -> None:
        """Reads the next label, or types the PIN that is asked for; nothing while the last label is under way."""
        if front.shown.fault is not None:
            return
        asked = front.desk.work.session.signing.asked
        if asked is not None:
            self._type_pin(front, asked)
        elif not self._too_early(front):
            self._pulled_ns = self._clock.monotonic_ns()
            self._saved_before = front.ledger.counters().scans_saved
            self._scan(self.label(front))

    def stripe(self, front: Front) -> Line:
        """What stands across the screen: the key, and the PIN of whoever is asked for it now or next."""
        signing = front.desk.work.session.signing
        known = signing.operator if signing.working else signing.asked
        person = self._person(known) or self._next_person(front)
        return Line("screen.stripe.demo", {"pin": person.pin})

    def label(self, front: Front) -> str:
        """What would be scanned next."""
        room, task = front.beneath, front.desk.work.task
        if room is Room.SIGN_IN:
            return badge_scan(self._next_person(front))
        if room is Room.ENQUIRY:
            return command_scan("BACK") if Command.WHY in front.desk.prompt.commands else self._looked_up()
        if task is None:
            return self._on_menu(front.ledger)
        answer = _answer(front.desk.prompt)
        return self._in_task(front, task) if answer is None else command_scan(answer)

    def _in_task(self, front: Front, task: OpenTask) -> str:
        """What the open task asks for, where that is no question."""
        if task.workflow.name == PUT_AWAY:
            return self._put_away(front)
        if task.workflow.name == COUNT:
            return self._counted(front.desk.prompt)
        return self._received(front, task.row.document or task.workflow.name)

    def _type_pin(self, front: Front, asked: str) -> None:
        """The PIN, whatever is typed of it already."""
        person = self._person(asked)
        while front.shown.entering:
            front.press("backspace")
        if person is not None:
            front.type_text(person.pin)
            front.press("enter")

    def _too_early(self, front: Front) -> bool:
        """Whether the last label is not saved yet, or a question is so new that a scan would not answer it."""
        now_ns = self._clock.monotonic_ns()
        is_saved = front.ledger.counters().scans_saved != self._saved_before
        asked_ns = front.blocking_since_ns
        if not is_saved and now_ns - self._pulled_ns < UNDERWAY_NS:
            return True
        return asked_ns is not None and now_ns < asked_ns + self._guard_ns

    def _person(self, operator: str | None) -> DemoOperator | None:
        return next((person for person in self._site.operators if person.id == operator), None)

    def _next_person(self, front: Front) -> DemoOperator:
        """Whose session it is, else the first one whose badge is not locked."""
        signing = front.desk.work.session.signing
        now_ms = self._clock.now().timestamp() * 1000
        locked = {tries.operator for tries in signing.tries if tries.locked_until_ms > now_ms}
        people = sorted(self._site.operators, key=lambda person: person.id != signing.operator)
        return next((person for person in people if person.id not in locked), people[0])

    def _on_menu(self, ledger: Ledger) -> str:
        """The next delivery that is open, after the last one that was opened so; put-away; the count; then look-ups."""
        is_open = {document.id for document in ledger.documents_open()}
        names = [name for name in self._scripts if name in is_open]
        if names:
            after = names.index(self._delivery) + 1 if self._delivery in names else 0
            self._delivery = names[after % len(names)]
            return document_scan(self._delivery)
        for name, card in ((PUT_AWAY, "PUTAWAY"), (COUNT, "COUNT")):
            if self._at.get(name, 0) < len(self._scripts[name]):
                return command_scan(card)
        return self._looked_up()

    def _looked_up(self) -> str:
        """One thing after the other, round and round."""
        labels = self._scripts[LOOK_UP]
        at = self._at.get(LOOK_UP, 0)
        self._at[LOOK_UP] = at + 1
        return labels[at % len(labels)]

    def _received(self, front: Front, name: str) -> str:
        """What the shift scans next for this delivery, without what came in meanwhile; its end where no more is."""
        labels = self._scripts.get(name, ())
        if front.desk.prompt.noun == "PLACE":
            return self._counted_in(labels) if name == OPENING else place_scan(READ_POINT)

        def fits(at: int) -> bool:
            first = labels[at] not in labels[:at]
            useless = labels[at] == command_scan("DAMAGED") and front.desk.prompt.code.endswith(".damaged")
            return not useless and not (first and self._stands(front.ledger, labels[at]) is not None)

        return self._next(name, fits) or command_scan("DONE")

    def _counted_in(self, labels: tuple[str, ...]) -> str:
        """The place of the opening balance; its goods come next, however often they were counted before."""
        self._at[OPENING] = 1
        return labels[0]

    def _put_away(self, front: Front) -> str:
        """A place for what is in hand: the shift's, else the one proposed; nothing in hand: goods that stand here."""
        prompt, labels = front.desk.prompt, self._scripts[PUT_AWAY]
        if Command.BACK in prompt.commands and prompt.noun in {"PLACE", "CAGE"}:
            at = self._at.get(PUT_AWAY, 0)
            if at < len(labels) and self._is_place(labels[at]) and prompt.noun == "PLACE":
                self._at[PUT_AWAY] = at + 1
                return labels[at]
            return self._proposed(prompt)
        self._offered.clear()
        taken = self._next(PUT_AWAY, lambda at: self._stands(front.ledger, labels[at]) == READ_POINT)
        return taken or command_scan("DONE")

    def _counted(self, prompt: Prompt) -> str:
        """The bin of the shift and what lies in it; whatever bin is open is closed once all of that is scanned."""
        labels, at = self._scripts[COUNT], self._at.get(COUNT, 0)
        if prompt.noun == "PLACE":
            self._at[COUNT] = max(at, 1)
            return labels[0] if at < len(labels) else command_scan("DONE")
        pack = self._next(COUNT, lambda at: not self._is_place(labels[at]))
        return pack or place_scan(str(prompt.parameters["place"]))

    def _proposed(self, prompt: Prompt) -> str:
        """Where the terminal says that it belongs, else a bin of its class; what none of them takes is laid back."""
        told = prompt.parameters.get("cage") or prompt.parameters.get("suggested")
        fitting = [
            place.code
            for place in self._site.places
            if place.kind is PlaceKind.STORAGE and place.storage_class.value == prompt.parameters.get("class")
        ]
        codes = ([] if told is None else [str(told)]) + fitting
        code = next((code for code in codes if code not in self._offered), None)
        if code is None:
            self._offered.clear()
            return command_scan("BACK")
        self._offered.add(code)
        return place_scan(code)

    def _next(self, name: str, fits: Callable[[int], bool]) -> str | None:
        """The next label of a script that fits; what does not is left out for good. None at its end."""
        labels = self._scripts.get(name, ())
        for at in range(self._at.get(name, 0), len(labels)):
            self._at[name] = at + 1
            if fits(at):
                return labels[at]
        return None

    def _is_place(self, label: str) -> bool:
        return any(label == place_scan(place.code) for place in self._site.places)

    def _stands(self, ledger: Ledger, label: str) -> str | None:
        """The place in which the unit or container of a label stands; None for what is not here."""
        parsed = parse_scan(label, self._site.today)
        if not isinstance(parsed, ParsedScan):
            return None
        asked: list[ContainerOf | UnitOf] = []
        if parsed.sscc is not None:
            asked = [ContainerOf(sscc_place(str(parsed.sscc)))]
        elif parsed.gtin is not None and parsed.serial is not None:
            gtin, serial = str(parsed.gtin), str(parsed.serial)
            asked = [UnitOf(gtin, serial), ContainerOf(case_place(gtin, serial))]
        found = (cast("ContainerFact | UnitFact | None", ledger.answer(query)) for query in asked)
        return next((fact.location for fact in found if fact is not None), None)


def _answer(prompt: Prompt) -> str | None:
    """The card that answers a question; None where goods or a place are asked for."""
    for command in (Command.LOGGER_OK, Command.QUARANTINE):
        if command in prompt.commands:
            return command.value
    if prompt.blocking:
        return Command.DONE.value
    half_a_label = ".missing_" in prompt.code or prompt.noun == "LOT"
    return Command.BACK.value if prompt.wants_number or half_a_label else None
