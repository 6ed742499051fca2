"""Who may do what: the least role that each workflow and command asks for (model.md, Sign-in; the issue's three roles).

Roles include the ones before them. What is not listed is for administrators, so that a new workflow starts closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.masters import Role
from scanner_app.domain.refusals import Refusal, Refused

if TYPE_CHECKING:
    from scanner_app.domain.masters import Operator

ROLES: tuple[Role, ...] = tuple(Role)
NEEDED: dict[str, Role] = {
    "receiving": Role.OPERATOR,
    "putaway": Role.OPERATOR,
    "counting": Role.OPERATOR,
    "enquiry": Role.OPERATOR,
    "opening": Role.SUPERVISOR,
    "UNDO": Role.OPERATOR,
    "SKIP": Role.OPERATOR,
    "DAMAGED": Role.OPERATOR,
    "SHORT": Role.OPERATOR,
    "DONE": Role.OPERATOR,
    "BACK": Role.OPERATOR,
    "HELP": Role.OPERATOR,
    "ACCEPT_REST": Role.OPERATOR,
    "SECOND_PACK": Role.OPERATOR,
    "QUARANTINE": Role.OPERATOR,
    "LOGGER_OK": Role.OPERATOR,
    "LOGGER_ALARM": Role.OPERATOR,
    "QUANTITY": Role.OPERATOR,
    "WHY": Role.OPERATOR,
}
"""The least role for each workflow (by name) and command (by its word on the card)."""


def needed_role(action: str) -> Role:
    """The least role that may open this workflow or use this command; administrator where it is not listed."""
    return NEEDED.get(action, Role.ADMINISTRATOR)


def permits(role: Role, action: str) -> bool:
    """Whether someone in this role may open this workflow or use this command."""
    return ROLES.index(role) >= ROLES.index(needed_role(action))


def refused_to(operator: Operator | None, action: str) -> Refused | None:
    """NOT_SIGNED_IN without an operator, NOT_PERMITTED (naming the role needed) for too low a role, else None."""
    if operator is None:
        return Refused(Refusal.NOT_SIGNED_IN)
    if permits(operator.role, action):
        return None
    return Refused(
        Refusal.NOT_PERMITTED, {"operator": operator.name, "role": needed_role(action).value, "action": action}
    )
