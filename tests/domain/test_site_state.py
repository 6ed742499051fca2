"""Flags and leases as the feed carries them, and the SSCC of a serial reference."""

from __future__ import annotations

from typing import Any

import pytest

from scanner_app.domain.feed_records import RecordFormatError
from scanner_app.domain.keys import Sscc
from scanner_app.domain.site_state import Flag, Lease, flag_of, lease_of, sscc_of

FLAG: dict[str, Any] = {
    "id": "F1", "code": "NEGATIVE", "severity": "medium", "subject": "place:A-1", "event_id": None, "closed": None,
}  # fmt: skip
LEASE: dict[str, Any] = {
    "id": "L1", "kind": "sscc", "device": "H-1", "epoch": "00" * 16, "subject": "0952100100", "until": 7, "first": 1,
    "last": 9,
}  # fmt: skip


def test_a_flag_is_there_until_it_is_closed() -> None:
    assert flag_of(FLAG) == Flag("F1", "NEGATIVE", "medium", "place:A-1", None)
    assert flag_of({**FLAG, "event_id": "e1"}) == Flag("F1", "NEGATIVE", "medium", "place:A-1", "e1")
    assert flag_of({**FLAG, "closed": {"by": "USR-1"}}) is None


def test_a_flag_brings_what_its_sentence_names_and_nothing_else() -> None:
    told = flag_of({**FLAG, "parameters": {"place": "A-1", "quantity": -2, "odd": [1], "sure": True, "none": None}})
    assert told is not None
    assert told.parameters == '{"none": null, "place": "A-1", "quantity": -2}'


@pytest.mark.parametrize("changed", [{"code": 3}, {"event_id": 3}, {"closed": ...}, {"parameters": []}], ids=str)
def test_what_is_no_flag(changed: dict[str, Any]) -> None:
    body = {key: value for key, value in {**FLAG, **changed}.items() if value is not ...}
    with pytest.raises(RecordFormatError):
        flag_of(body)


def test_a_lease_is_of_a_range_or_of_a_task() -> None:
    assert lease_of(LEASE) == Lease("L1", "sscc", "H-1", "00" * 16, "0952100100", 7, 1, 9)
    task = {
        key: value for key, value in {**LEASE, "kind": "task", "until": None}.items() if key not in {"first", "last"}
    }
    assert lease_of(task) == Lease("L1", "task", "H-1", "00" * 16, "0952100100", None)


@pytest.mark.parametrize(
    "changed",
    [{"device": None}, {"until": "x"}, {"first": -1}, {"last": 10_000_000}, {"subject": "09521001x"}],
    ids=str,
)
def test_what_is_no_lease(changed: dict[str, Any]) -> None:
    with pytest.raises(RecordFormatError):
        lease_of({**LEASE, **changed})


def test_an_sscc_has_eighteen_digits_whatever_the_prefix() -> None:
    """GS1's own example (General Specifications, section 3.2) bears the extension digit 1 and the prefix 0614141."""
    assert sscc_of("10614141", 192837465) == "106141411928374657"
    for prefix in ("0952100100", "3" + "0" * 6):
        assert str(Sscc.of(sscc_of(prefix, 5))) == sscc_of(prefix, 5)
    for prefix, reference in (("0952100100", 10_000_000), ("0952100100", -1), ("", 10**17), ("1" * 18, 1)):
        with pytest.raises(ValueError, match="no serial reference"):
            sscc_of(prefix, reference)
