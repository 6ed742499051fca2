"""Rules that touch every workflow: expiry, recalls and watch-lists, storage classes (model.md).

>>> from datetime import date
>>> expired(date(2026, 11, 30), today=date(2026, 11, 30))
False
>>> expired(date(2026, 11, 30), today=date(2026, 12, 1))
True
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from scanner_app.domain.masters import PlaceKind, StorageClass
from scanner_app.domain.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanner_app.domain.masters import Place, Watch

RECALL = "recall"
SUSPECT = "suspect"

COLD_CLASSES = frozenset({StorageClass.COLD, StorageClass.FROZEN})
"""Classes whose temperature on the way must be known: they need a logger result at receipt."""

EVERY_CLASS = frozenset({PlaceKind.DOCK, PlaceKind.LANE, PlaceKind.CAGE})
"""Places that goods pass through, or are kept apart in, whatever their class."""


def expired(expiry: date | None, today: date) -> bool:
    """Whether goods are unusable: from the local midnight after their expiry date on. `today` is the site's date.

    An unknown expiry does not expire.
    """
    return expiry is not None and expiry < today


def touches(watch: Watch, gtin: str, lot: str | None, serial: str | None) -> bool:
    """Whether a recall or watch-list line names these goods: by serial, by lot, or the whole item. Case-sensitive."""
    if watch.gtin != gtin:
        return False
    if watch.serial is not None:
        return watch.serial == serial
    return watch.lot is None or watch.lot == lot


def watch_refusal(watch: Watch) -> Refusal:
    """What a line makes of the goods it names: RECALLED, SUSPECT, or WATCH_LISTED for any other kind."""
    if watch.kind == RECALL:
        return Refusal.RECALLED
    return Refusal.SUSPECT if watch.kind == SUSPECT else Refusal.WATCH_LISTED


def gravest_watch(watches: Iterable[Watch]) -> Watch | None:
    """The line that is told when several name the goods: recall, watch-list, then suspicion; None for none."""
    order = (Refusal.RECALLED, Refusal.WATCH_LISTED, Refusal.SUSPECT)
    return min(watches, key=lambda watch: order.index(watch_refusal(watch)), default=None)


def storage_fits(item_class: StorageClass, place: Place) -> bool:
    """Whether goods of a class may be put there: storage takes its own class alone; docks, lanes and cages take all."""
    return place.kind in EVERY_CLASS or place.storage_class is item_class


def is_cold(item_class: StorageClass) -> bool:
    """Whether goods of a class need a logger result at receipt."""
    return item_class in COLD_CLASSES
