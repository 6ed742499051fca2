"""Follow-ups: what an accepted entry with a cause leaves to be done, and about what."""

from __future__ import annotations

import pytest

from scanner_app.domain.entry import Entry, EntryKind, Origin, Stamp
from scanner_app.domain.follow_ups import REASONS, FollowUp, follow_up_of
from scanner_app.domain.refusals import Accepted, Outcome, Parameters, Refusal, Refused, Verdict
from scanner_app.domain.stock import SUPPLIER, ContainerMove, Posting, Seal, Status, StockKey
from scanner_app.phrases.en import SENTENCES

GTIN = "09521001000116"
PALLET = "sscc:095210010000000017"


def entry(
    verdict: Verdict, kind: EntryKind = EntryKind.RECEIVED, *, postings: tuple[Posting, ...] = (),
    moves: tuple[ContainerMove, ...] = (), reason: str | None = None, document: str | None = "ASN-1",
) -> Entry:  # fmt: skip
    return Entry(
        kind, "e1", Stamp(0, 0, 0, "b"), Origin("S", "D", None, None), verdict, document=document, reason=reason,
        postings=postings, container_moves=moves,
    )  # fmt: skip


def confirmed(overrode: str = "NO_DATA", **parameters: str) -> Accepted:
    given: Parameters = {"overrode": overrode, **parameters}
    return Accepted(Outcome.CONFIRMED, given)


def posting(lot: str | None = "A12B", serial: str | None = None, to_place: str = "CAGE") -> Posting:
    return Posting(StockKey("own", GTIN, lot, None, serial, Status.HELD), 1, SUPPLIER, to_place)


OPENED = ContainerMove(PALLET, "DOCK-1", "DOCK-1", Seal.OPEN)
CAGED = ContainerMove(PALLET, SUPPLIER, "CAGE", Seal.SEALED)


@pytest.mark.parametrize(
    ("made", "subject"),
    [
        (entry(confirmed(), postings=(posting(serial="S1"),)), f"sgtin:{GTIN}:S1"),
        (entry(confirmed(), postings=(posting(serial="S1"),), moves=(OPENED,)), f"sgtin:{GTIN}:S1"),
        (entry(confirmed(), postings=(posting(),)), f"lot:{GTIN}:A12B"),
        (entry(confirmed(), postings=(posting(None),)), f"gtin:{GTIN}"),
        (entry(confirmed(), moves=(OPENED, CAGED)), PALLET),
        (entry(confirmed(), postings=(posting(to_place=PALLET),), moves=(CAGED,)), PALLET),
        (entry(confirmed("UNKNOWN_ITEM", gtin=GTIN), EntryKind.NOTED), f"gtin:{GTIN}"),
        (entry(confirmed(scanned="L0"), EntryKind.NOTED), "L0"),
        (entry(confirmed()), "ASN-1"),
        (entry(confirmed(), document=None), ""),
    ],
)
def test_the_subject_is_what_went_apart(made: Entry, subject: str) -> None:
    found = follow_up_of(made)

    assert found is not None
    assert found.subject == subject
    assert found.document == made.document


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (entry(confirmed("EXPIRED")), "EXPIRED"),
        (entry(Accepted(Outcome.EXTRA)), "OVER_QUANTITY"),
        (entry(Accepted(Outcome.MATCHED)), None),
        (entry(Accepted(Outcome.MATCHED), reason="CLAIMED"), None),
        (entry(Accepted(Outcome.MATCHED, {"overrode": 1})), None),
        (entry(Refused(Refusal.EXPIRED), EntryKind.REFUSED), None),
        (entry(Accepted(Outcome.OK), EntryKind.DOCUMENT_CLOSED), None),
        (entry(Accepted(Outcome.SHORT), EntryKind.DOCUMENT_CLOSED), "SHORT"),
        *((entry(Accepted(), reason=reason), reason) for reason in sorted(REASONS)),
    ],
)
def test_only_accepted_exceptions_leave_one(made: Entry, code: str | None) -> None:
    found = follow_up_of(made)

    assert (None if found is None else found.code) == code


def test_a_close_is_about_its_document() -> None:
    closed = entry(Accepted(Outcome.OVER), EntryKind.DOCUMENT_CLOSED)

    assert follow_up_of(closed) == FollowUp("OVER", "ASN-1", "ASN-1")


def test_each_reason_and_each_outcome_of_a_close_has_a_sentence() -> None:
    closing = ("SHORT", "OVER", "DAMAGED", "DATA_WITHOUT_PRODUCT", "PRODUCT_WITHOUT_DATA", "PARTY_MISMATCH")

    assert {cause for cause in {*REASONS, *closing} if f"follow_up.{cause}" not in SENTENCES} == set()
