"""Look up any code: what it is, where it stands, lot, expiry, status, what happened to it, and why a number is so.

A look-up changes nothing: each scan is `noted`, with the loudest thing first (recalled, expired, not available). A code
that nobody knows is refused with a breadcrumb of where it was met (floor.md rule 15). WHY lists the movements that make
the number shown, ending in their sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.domain.entry import EntryKind
from scanner_app.domain.facts import OperatorOf, RecentScans
from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused
from scanner_app.domain.scan import Kind
from scanner_app.workflows.enquiry_lines import (
    Found,
    about_container,
    about_document,
    about_item,
    about_place,
    about_unit,
)
from scanner_app.workflows.enquiry_why import Subject, why
from scanner_app.workflows.goods import (
    Container,
    Fragment,
    Label,
    Quantity,
    ScannedDocument,
    ScannedPlace,
    Unit,
    batch_lines,
    goods_of,
    label_of,
    resolve,
    scan_text,
)
from scanner_app.workflows.signing import badge_of
from scanner_app.workflows.step import (
    Command,
    Commanded,
    Draft,
    Line,
    Prompt,
    Scanned,
    Tone,
    Transition,
    note,
    refuse,
)

if TYPE_CHECKING:
    from scanner_app.domain.facts import HistoryLine
    from scanner_app.domain.masters import Operator
    from scanner_app.domain.refusals import Parameters
    from scanner_app.domain.scan import ParsedScan
    from scanner_app.workflows.goods import Goods, Resolved
    from scanner_app.workflows.step import Facts, Happening, Moment

BREADCRUMB_SCANS = 20


@dataclass(frozen=True, slots=True)
class EnquiryState:
    """What was looked up last: `subject` is what WHY explains, `label` what a further symbol may complete."""

    subject: Subject | None = None
    label: Label | None = None


class Enquiry:
    """The look-up; one can be laid over any other task."""

    name = "enquiry"
    state_type = EnquiryState

    def open(self, document: str | None, facts: Facts, moment: Moment) -> Transition[EnquiryState]:  # noqa: ARG002 - the form of every workflow
        """Nothing looked up yet."""
        return Transition(EnquiryState(), None, Tone.NEUTRAL)

    def step(self, state: EnquiryState, happening: Happening, facts: Facts, moment: Moment) -> Transition[EnquiryState]:
        """A scan is looked up, WHY explains, BACK and DONE leave."""
        match happening:
            case Scanned(parsed=parsed):
                return _scanned(state, parsed, facts, moment)
            case Commanded(command=Command.WHY) if state.subject is not None:
                explained = why(state.subject, facts, moment)
                return note(state, say=explained.say, lines=explained.lines)
            case Commanded(command=Command.BACK | Command.DONE):
                return Transition(state, None, Tone.NEUTRAL, finished=True)
            case _:
                return Transition(state, None, Tone.NEUTRAL)

    def prompt(self, state: EnquiryState) -> Prompt:
        """Any code; WHY once there is a number to explain."""
        commands = (Command.BACK,) if state.subject is None else (Command.WHY, Command.BACK)
        return Prompt("prompt.enquiry.any", "ANY", commands=commands)

    def undone(self, state: EnquiryState, facts: Facts, moment: Moment) -> EnquiryState:  # noqa: ARG002 - the form of every workflow
        """The same state: a look-up makes no facts."""
        return state


ENQUIRY = Enquiry()


def _scanned(state: EnquiryState, parsed: ParsedScan, facts: Facts, moment: Moment) -> Transition[EnquiryState]:
    if parsed.kind is Kind.BADGE:
        return _badge(state, badge_of(parsed).operator, facts)
    resolved = _completed(state, resolve(parsed, facts, moment.today), facts, moment)
    if isinstance(resolved, Refused):
        return _unknown(parsed, resolved, facts)
    if isinstance(resolved, Fragment):
        lines = batch_lines(resolved.label.lot, resolved.label.expiry)
        return note(state, say=Line("say.enquiry.fragment"), tone=Tone.ATTENTION, lines=lines)
    found = _found(resolved, facts, moment)
    label = _label_after(state, parsed)
    draft = Draft(EntryKind.NOTED, Accepted(Outcome.OK, found.named))
    return Transition(EnquiryState(found.subject, label), draft, found.tone, found.say, found.lines)


def _completed(state: EnquiryState, resolved: Resolved | Refused, facts: Facts, moment: Moment) -> Resolved | Refused:
    """A lot, expiry or serial alone is read together with the label before it, where both fit."""
    if not isinstance(resolved, Fragment) or state.label is None:
        return resolved
    whole = state.label.completed_by(resolved.label)
    return resolved if whole is None else goods_of(whole, facts, moment.today)


def _label_after(state: EnquiryState, parsed: ParsedScan) -> Label | None:
    """What the next symbol may complete: this label, together with the one before if this was a part of it."""
    label = label_of(parsed)
    if label is None or label.gtin is not None or label.sscc is not None or state.label is None:
        return label
    return state.label.completed_by(label)


def _found(resolved: Goods | ScannedPlace | ScannedDocument, facts: Facts, moment: Moment) -> Found:
    """What is known of goods, a place or a document."""
    if isinstance(resolved, Unit):
        return about_unit(resolved, facts, moment)
    if isinstance(resolved, Quantity):
        return about_item(resolved, facts, moment)
    if isinstance(resolved, Container):
        return about_container(resolved, facts, moment)
    if isinstance(resolved, ScannedPlace):
        return about_place(resolved.place, facts, moment)
    return about_document(resolved.document, facts)


def _badge(state: EnquiryState, badge: str, facts: Facts) -> Transition[EnquiryState]:
    """A badge tells its name, nothing else."""
    person: Operator | None = facts[OperatorOf(badge)]
    if person is None:
        return refuse(state, Refusal.UNKNOWN_BADGE, {"badge": badge})
    return note(EnquiryState(), say=Line("say.enquiry.badge", {"name": person.name}))


def _unknown(parsed: ParsedScan, refused: Refused, facts: Facts) -> Transition[EnquiryState]:
    """Refused, with what the label says all the same and where it was met."""
    label = label_of(parsed)
    told = () if label is None else batch_lines(label.lot, label.expiry)
    lines = (Line("line.enquiry.scanned", {"scanned": scan_text(parsed)}), *told, *_breadcrumb(facts))
    return refuse(EnquiryState(), refused.refusal, refused.parameters, lines=lines)


def _breadcrumb(facts: Facts) -> tuple[Line, ...]:
    """How many scans after the last good one the unknown code was met, and of what lot and where that was."""
    recent: tuple[HistoryLine, ...] = facts[RecentScans(BREADCRUMB_SCANS)]
    for scans, line in enumerate(recent, start=1):
        if line.accepted:
            return _after(scans, line)
    return ()


def _after(scans: int, line: HistoryLine) -> tuple[Line, ...]:
    named: Parameters = {"scans": scans, "scanned": line.parameters.get("scanned") or line.scanned}
    lot, place = line.parameters.get("lot"), line.parameters.get("place")
    return (
        Line("line.enquiry.after_one" if scans == 1 else "line.enquiry.after", named),
        *([] if lot is None else [Line("line.lot_alone", {"lot": lot})]),
        *([] if place is None else [Line("line.enquiry.was_in", {"place": place})]),
    )
