"""Command cards and what they ask for."""

from __future__ import annotations

import pytest

from scanner_app.terminal.cards import card_command, card_workflow
from scanner_app.workflows.step import Command, Commanded


@pytest.mark.parametrize("command", list(Command))
def test_every_command_has_a_card_but_quantity_which_needs_a_number(command: Command) -> None:
    assert card_command(command.value) == Commanded(command)


@pytest.mark.parametrize(
    ("code", "commanded"),
    [
        ("QTY10", Commanded(Command.QUANTITY, 10)),
        ("QTY1", Commanded(Command.QUANTITY, 1)),
        ("ACCEPT", Commanded(Command.ACCEPT_REST)),
        ("NEXT", Commanded(Command.SKIP)),
    ],
)
def test_short_names_and_quantities(code: str, commanded: Commanded) -> None:
    assert card_command(code) == commanded


@pytest.mark.parametrize("code", ["", "QTY", "QTY0", "QTY-1", "QTY123456", "QTY\u0661\u0660", "undo", "BOOM"])
def test_cards_that_nobody_printed_mean_nothing(code: str) -> None:
    assert card_command(code) is None
    assert card_workflow(code) is None


def test_cards_that_open_a_workflow() -> None:
    assert card_workflow("PUTAWAY") == "putaway"
