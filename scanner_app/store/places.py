"""Places and the containers in them: what stands in what, walked with a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanner_app.domain.facts import ContainerFact
from scanner_app.domain.masters import Place, PlaceKind, StorageClass
from scanner_app.domain.stock import Seal, is_container

if TYPE_CHECKING:
    import sqlite3

    from scanner_app.domain.facts import ContainerOf, PlaceOf

LEVELS_MAX = 16
"""Containers within containers; what is deeper is a ring or an error, and is cut there."""

PLACE = "SELECT code, kind, storage_class, walk FROM place WHERE code = ?"
ANY_PLACE = "SELECT EXISTS (SELECT 1 FROM place)"
CONTAINER = "SELECT parent, seal, document, position FROM container_now WHERE id = ?"
PARENT = "SELECT parent FROM container_now WHERE id = ?"


def has_places(connection: sqlite3.Connection) -> bool:
    """Whether any place is known: a home without one has not been set up yet."""
    return bool(connection.execute(ANY_PLACE).fetchone()[0])


def place_of(connection: sqlite3.Connection, query: PlaceOf) -> Place | None:
    """A place by its code."""
    row = connection.execute(PLACE, (query.code,)).fetchone()
    return None if row is None else Place(row[0], PlaceKind(row[1]), StorageClass(row[2]), row[3])


def container_of(connection: sqlite3.Connection, query: ContainerOf) -> ContainerFact | None:
    """A container by its place id; None when it never stood anywhere of ours."""
    row = connection.execute(CONTAINER, (query.id,)).fetchone()
    if row is None:
        return None
    parent, seal, document, position = row
    return ContainerFact(parent, location_of(connection, parent), Seal(seal), document, position)


def location_of(connection: sqlite3.Connection, place: str) -> str:
    """The place at the top: `place` itself, or where the outermost container around it stands."""
    for _ in range(LEVELS_MAX):
        if not is_container(place):
            return place
        row = connection.execute(PARENT, (place,)).fetchone()
        if row is None:
            return place
        place = row[0]
    return place
