"""Command cards: what the code after the command prefix means, whether scanned, typed by hand, or named in a replay.

QTY10 carries its number; an unknown card is told as such. This is the one definition of what a command is called.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner_app.domain.keys import is_digits
from scanner_app.workflows.signing import SignOutAsked
from scanner_app.workflows.step import Command, Commanded

QUANTITY_PREFIX = "QTY"
SIGN_OUT = "SIGN_OUT"
SHORT_NAMES = {
    "ACCEPT": Command.ACCEPT_REST,
    "REST": Command.ACCEPT_REST,
    "NEXT": Command.SKIP,
    "SECOND": Command.SECOND_PACK,
}

HELP_SHOWN = "say.card.help"
"""What the card for help says; the screen shows the help itself."""

WORKFLOW_CARDS = {
    "RECEIVE": "receiving", "PUTAWAY": "putaway", "COUNT": "counting", "LOOKUP": "enquiry", "OPENING": "opening",
}  # fmt: skip
"""Cards that open a workflow, so that a shift can be worked without touching a key."""


@dataclass(frozen=True, slots=True)
class Opens:
    """A card that opens a workflow."""

    workflow: str


Card = Commanded | Opens | SignOutAsked


def card_of(code: str) -> Card | None:
    """What a card says (`UNDO`, `ACCEPT_REST`, `ACCEPT`, `QTY10`, `RECEIVE` …); None for one that nobody printed.

    The number of a quantity may be any: whether so many can be meant is for whoever takes it.
    """
    digits = code.removeprefix(QUANTITY_PREFIX)
    if code.startswith(QUANTITY_PREFIX) and is_digits(digits):
        return Commanded(Command.QUANTITY, int(digits))
    if code in WORKFLOW_CARDS:
        return Opens(WORKFLOW_CARDS[code])
    if code == SIGN_OUT:
        return SignOutAsked()
    command = SHORT_NAMES.get(code) or Command.__members__.get(code)
    return None if command is None else Commanded(command)
