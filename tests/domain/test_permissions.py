from __future__ import annotations

import pytest

from scanner_app.domain.masters import Operator, Role
from scanner_app.domain.permissions import NEEDED, needed_role, permits, refused_to
from scanner_app.domain.refusals import Refusal, Refused
from scanner_app.workflows.step import Command


def someone(role: Role) -> Operator:
    return Operator("USR-1042", "Ana", role, "verifier")


EVERYBODY = [Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR]


@pytest.mark.parametrize(
    ("action", "who"),
    [
        ("receiving", EVERYBODY),
        ("putaway", EVERYBODY),
        ("enquiry", EVERYBODY),
        ("opening", [Role.SUPERVISOR, Role.ADMINISTRATOR]),
        ("destroying", [Role.ADMINISTRATOR]),
        ("UNDO", EVERYBODY),
    ],
)
def test_each_role_may_do_what_the_roles_before_it_may(action: str, who: list[Role]) -> None:
    assert [role for role in Role if permits(role, action)] == who


@pytest.mark.parametrize("command", list(Command))
def test_every_command_is_decided(command: Command) -> None:
    assert command in NEEDED


def test_what_nobody_decided_is_for_administrators() -> None:
    assert needed_role("anything") is Role.ADMINISTRATOR


def test_nobody_is_told_to_sign_in() -> None:
    assert refused_to(None, "receiving") == Refused(Refusal.NOT_SIGNED_IN)


def test_a_refusal_names_the_person_and_the_role_needed() -> None:
    refused = refused_to(someone(Role.OPERATOR), "opening")
    assert refused == Refused(Refusal.NOT_PERMITTED, {"operator": "Ana", "role": "supervisor", "action": "opening"})


def test_who_may_is_not_refused() -> None:
    assert refused_to(someone(Role.SUPERVISOR), "opening") is None
