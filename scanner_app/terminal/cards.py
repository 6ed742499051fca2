"""Command cards: what the code after `CMD-` means. QTY10 carries its number; an unknown card is told as such."""

from __future__ import annotations

from scanner_app.workflows.step import Command, Commanded

QUANTITY_PREFIX = "QTY"
QUANTITY_DIGITS_MAX = 5
SHORT_NAMES = {
    "ACCEPT": Command.ACCEPT_REST,
    "REST": Command.ACCEPT_REST,
    "NEXT": Command.SKIP,
    "SECOND": Command.SECOND_PACK,
}

HELP_SHOWN = "say.card.help"
"""What the card for help says; the screen shows the help itself."""

WORKFLOW_CARDS = {"RECEIVE": "receiving", "PUTAWAY": "putaway", "LOOKUP": "enquiry", "OPENING": "opening"}
"""Cards that open a workflow, so that a shift can be worked without touching a key."""


def card_workflow(code: str) -> str | None:
    """The workflow that a card opens; None for other cards."""
    return WORKFLOW_CARDS.get(code)


def card_command(code: str) -> Commanded | None:
    """The command of a card (`UNDO`, `ACCEPT_REST`, `ACCEPT`, `QTY10` …); None for a card that nobody printed."""
    if code.startswith(QUANTITY_PREFIX):
        digits = code[len(QUANTITY_PREFIX) :]
        if digits.isascii() and digits.isdigit() and len(digits) <= QUANTITY_DIGITS_MAX and int(digits) > 0:
            return Commanded(Command.QUANTITY, int(digits))
        return None
    if code in SHORT_NAMES:
        return Commanded(SHORT_NAMES[code])
    return Commanded(Command(code)) if code in Command.__members__ else None
