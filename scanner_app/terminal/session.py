"""The session: who is signed in, which task is open, where the worker stands. Saved in the commit of every step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scanner_app.terminal.view import Room
from scanner_app.workflows.enquiry import EnquiryState
from scanner_app.workflows.saving import StateFormatError, load_state, save_state
from scanner_app.workflows.signing import SIGNED_OUT, SigningState

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Session:
    """What a restart takes up again. `task` is the open task's id; `enquiry` a look-up laid over it."""

    signing: SigningState = SIGNED_OUT
    task: str | None = None
    enquiry: EnquiryState | None = None

    @property
    def room(self) -> Room:
        """The room this session stands in."""
        if not self.signing.working:
            return Room.SIGN_IN
        if self.enquiry is not None:
            return Room.ENQUIRY
        return Room.TASK if self.task is not None else Room.MENU


def session_text(session: Session) -> str:
    """The session as it is saved."""
    return json.dumps(save_state(session), separators=(",", ":"))


def session_of(text: str | None) -> Session:
    """The saved session; a new one where there is none or it is of another version."""
    if text is None:
        return Session()
    try:
        return load_state(Session, json.loads(text))
    except StateFormatError:
        return Session()
