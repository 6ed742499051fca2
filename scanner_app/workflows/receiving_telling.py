"""Receiving: what an accepted scan sounds like and what its lines say: item, lot, serial, case, running count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from scanner_app.domain.facts import ExpectedContent, LinesOf
from scanner_app.workflows.goods import batch_lines, container_text, goods_lines, item_line
from scanner_app.workflows.receiving_containers import JudgedContainer
from scanner_app.workflows.receiving_posting import base_units
from scanner_app.workflows.receiving_state import Batch, ReceivingState, Tally
from scanner_app.workflows.step import Line, Tone, Transition

if TYPE_CHECKING:
    from scanner_app.domain.facts import ExpectedContentFact
    from scanner_app.domain.masters import DocumentLine
    from scanner_app.domain.refusals import Parameters
    from scanner_app.workflows.receiving_judging import Judged
    from scanner_app.workflows.receiving_posting import Received
    from scanner_app.workflows.step import Facts


def told_goods(
    state: ReceivingState, judged: Judged, received: Received, facts: Facts, say: Line | None = None
) -> Transition[ReceivingState]:
    """The transition of accepted units or quantities: saved, counted, shown; a new lot or expiry of the item ticks."""
    goods = judged.goods
    batch = Batch(goods.gtin, goods.lot, goods.expiry)
    changed = state.last is not None and state.last.gtin == goods.gtin and state.last != batch
    lines = list(goods_lines(goods))
    if changed:
        lines.append(Line("line.receiving.changed"))
    after = settled(state, received)
    if received.caged:
        after = replace(after, last=batch, lot_tally=None, case_tally=None)
    else:
        lot_tally, case_tally = _lot_tally(state, judged, facts), _case_tally(state, judged, facts)
        after = replace(after, last=batch, lot_tally=lot_tally, case_tally=case_tally)
        lines.extend(_tally_lines(judged, lot_tally, case_tally))
    tone = Tone.ATTENTION if received.caged else Tone.TICK if changed else Tone.GOOD
    return Transition(after, received.draft, tone, say, tuple(lines), after.progress)


def told_container(
    state: ReceivingState, judged: JudgedContainer, received: Received, say: Line | None = None
) -> Transition[ReceivingState]:
    """The transition of an accepted container: which one, and what it is said to hold."""
    after = settled(state, received)
    if received.caged:
        after = replace(after, lot_tally=None, case_tally=None)
    tone = Tone.ATTENTION if received.caged else Tone.GOOD
    return Transition(after, received.draft, tone, say, container_lines(judged), after.progress)


def settled(state: ReceivingState, received: Received) -> ReceivingState:
    """The state after goods came in: counted, and nothing left open."""
    return replace(
        state, done=state.done + received.counts, waiting=max(0, state.waiting + received.waiting),
        pallets=max(0, state.pallets - received.pallets), pending=None, part=None, damaged_next=False, times=1,
        asks_number=False,
    )  # fmt: skip


def container_lines(judged: JudgedContainer) -> tuple[Line, ...]:
    """The container, and what it holds where that is one item, or how many base units where it is more."""
    lines = list(goods_lines(judged.container, holds_cases=judged.holds_cases))
    content = () if judged.expected is None else judged.expected.lines
    if len(content) == 1 and judged.container.level is None:
        lines[:0] = [item_line(content[0].item), *batch_lines(content[0].lot, content[0].expiry)]
    if judged.expected is not None:
        holds: Parameters = {"units": judged.units, "cases": judged.expected.containers}
        lines.append(
            Line("line.receiving.holds" if judged.expected.containers else "line.receiving.holds_units", holds)
        )
    return tuple(lines)


def _lot_tally(state: ReceivingState, judged: Judged, facts: Facts) -> Tally:
    """The running count of the goods' lot: from the lines just read, from the last scan, or asked anew."""
    goods, quantity = judged.goods, base_units(judged.goods)
    key = f"{goods.gtin} {goods.lot or ''}"
    if judged.tally is not None:
        done, total = judged.tally
        return Tally(key, done + quantity, total)
    known = state.lot_tally
    if known is not None and known.key == key:
        return replace(known, done=known.done + quantity)
    if state.document is None:
        return Tally(key, quantity, None)
    lines: tuple[DocumentLine, ...] = facts[LinesOf(state.document, goods.gtin)]
    of_lot = [line for line in lines if line.lot == goods.lot] or [line for line in lines if line.lot is None]
    expected = sum(line.expected for line in of_lot)
    return Tally(key, sum(line.received for line in of_lot) + quantity, expected or None)


def _case_tally(state: ReceivingState, judged: Judged, facts: Facts) -> Tally | None:
    """The running count of the container that the document puts the unit in; None where it names none."""
    if not judged.parents or state.document is None:
        return None
    case, known = judged.parents[0], state.case_tally
    if known is not None and known.key == case:
        return replace(known, done=known.done + 1)
    expected: ExpectedContentFact | None = facts[ExpectedContent(state.document, case)]
    if expected is None:
        return None
    waiting = sum(line.quantity for line in expected.lines)
    return Tally(case, expected.received + 1, expected.received + waiting)


def _tally_lines(judged: Judged, lot: Tally, case: Tally | None) -> list[Line]:
    """`CASE (00) …4711  6 of 12` and `lot A12B  20 of 48`; without an expectation the running total alone."""
    lines = []
    if case is not None:
        lines.append(Line("line.case", {"container": container_text(case.key), "done": case.done, "total": case.total}))
    shown = judged.goods.lot
    if lot.total is None:
        lines.append(Line("line.receiving.running", {"done": lot.done}))
    elif shown is None:
        lines.append(Line("line.receiving.item_progress", {"done": lot.done, "total": lot.total}))
    else:
        lines.append(Line("line.receiving.lot_progress", {"lot": shown, "done": lot.done, "total": lot.total}))
    return lines


def lines_of(judged: Judged | JudgedContainer) -> tuple[Line, ...]:
    """The lines of goods that were refused."""
    return container_lines(judged) if isinstance(judged, JudgedContainer) else goods_lines(judged.goods)
