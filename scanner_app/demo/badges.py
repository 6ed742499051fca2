"""The demonstration's badges and PINs: what the sign-in hint shows, and the verifiers a home keeps.

A real site prints badges and keeps neither token nor PIN; here both are public, so the demonstration's operators must
never be imported into a home that works.
"""

from __future__ import annotations

from dataclasses import dataclass

from scanner_app.demo.site import DemoOperator, DemoSite
from scanner_app.domain.masters import Operator, Role

MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1
"""argon2id's least cost by the usual recommendation: about 20 ms on a handheld, 19 MiB for the moment of signing in."""


@dataclass(frozen=True, slots=True)
class BadgeHint:
    """A line of the hint on the demonstration's sign-in screen."""

    badge: str
    pin: str
    name: str
    role: Role


def badge_hints(site: DemoSite) -> tuple[BadgeHint, ...]:
    """Every operator's badge text and PIN, in the order of the table."""
    return tuple(BadgeHint(person.badge, person.pin, person.name, person.role) for person in site.operators)


def operators_with_verifiers(site: DemoSite) -> tuple[Operator, ...]:
    """The operators as a home knows them; takes about 20 ms each, with a fresh salt each time."""
    return tuple(
        Operator(person.id, person.name, person.role, verifier_of(person), person.language) for person in site.operators
    )


def verifier_of(person: DemoOperator) -> str:
    """argon2id over PIN ‖ token (model.md, Sign-in), in PHC string form."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - signing in is rare, the library is heavy

    hasher = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)
    return hasher.hash(person.pin + person.token)
