"""Command cards and what they ask for."""

from __future__ import annotations

import pytest

from scanner_app.terminal.cards import Card, Opens, card_of
from scanner_app.workflows.signing import SignOutAsked
from scanner_app.workflows.step import Command, Commanded


@pytest.mark.parametrize("command", list(Command))
def test_every_command_has_a_card(command: Command) -> None:
    assert card_of(command.value) == Commanded(command)


@pytest.mark.parametrize(
    ("code", "card"),
    [
        ("QTY10", Commanded(Command.QUANTITY, 10)),
        ("QTY1", Commanded(Command.QUANTITY, 1)),
        ("QTY0", Commanded(Command.QUANTITY, 0)),
        ("QTY" + "9" * 120, Commanded(Command.QUANTITY, int("9" * 120))),
        ("ACCEPT", Commanded(Command.ACCEPT_REST)),
        ("NEXT", Commanded(Command.SKIP)),
        ("RECEIVE", Opens("receiving")),
        ("PUTAWAY", Opens("putaway")),
        ("SIGN_OUT", SignOutAsked()),
    ],
)
def test_short_names_quantities_workflows_and_the_way_out(code: str, card: Card) -> None:
    assert card_of(code) == card


@pytest.mark.parametrize("code", ["", "QTY", "QTY-1", "QTY\u0661\u0660", "undo", "BOOM"])
def test_cards_that_nobody_printed_mean_nothing(code: str) -> None:
    assert card_of(code) is None
