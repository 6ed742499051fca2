"""docs/contract against the code: messages, routes, records and the snapshot's schema are what the code speaks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner_app.domain.feed_records import READERS, RecordFormatError, bodies_of, record_of, watch_body
from server.app import make_app
from server.doubts import FlagCode, Severity
from server.problems import PROBLEMS, ProblemError
from server.snapshot import schema as snapshot_schema
from sync import wire
from sync.wire import Standing
from tests.server.handhelds import RECALL, RECORDS, Handheld

ROOT = Path(__file__).resolve().parent.parent.parent
CONTRACT = ROOT / "docs" / "contract"
GOLDEN = CONTRACT / "golden" / "messages.jsonl"
MESSAGES: dict[str, Any] = json.loads((CONTRACT / "messages.schema.json").read_text("utf-8"))
KINDS: dict[str, Any] = {
    name: getattr(wire, name)
    for name in (
        "Push", "Ack", "Gap", "Fork", "ListsWanted", "Heads", "Page", "SnapshotDue", "EnrolRequest", "EnrolAnswer",
        "TokenAnswer", "Problem",
    )
}  # fmt: skip
H, E = "ab" * 32, "cd" * 16
CHUNK = wire.Chunk(H, (H, H), 1, b"[]")
EXAMPLES: tuple[Any, ...] = (
    wire.Push(
        1, 1, "A", wire.Epoch(E, "A", "0" * 32, 0, "0" * 64), 5, H, (b"\xff\x00entry",), b"s" * 64, (CHUNK,), (H,),
        1_795_000_000_000, "12." + "ab" * 16, {"version": "0.1.0", "battery": 80, "charging": True, "scanner": None},
    ),
    wire.Ack("ack", E, 5, H, 3, 1_795_000_000_000, (wire.Flagged(E, "DUP_SERIAL", "high"),)),
    wire.Gap("gap", E, 2, H, 0, 1_795_000_000_000),
    wire.Fork("fork", E, (wire.Link(2, H), wire.Link(0, H)), 1_795_000_000_000),
    wire.ListsWanted("lists", E, 2, H, (H,), 1_795_000_000_000),
    wire.Heads("A", (wire.EpochHead(E, 2, H, 0),), "12." + "ab" * 16, "12." + "ab" * 16, 1_795_000_000_000),
    wire.Page(
        "page", wire.Scope.FEED, "14." + "ab" * 16, more=False, server_time=1_795_000_000_000, site_sum="00" * 8,
        rows=(
            wire.ListRow("list", CHUNK),
            wire.EntryRow("entry", 12, "A", E, 2, Standing.PROJECTED, 1_795_000_000_000, b"{}"),
            wire.RecordRow("record", 13, "policy", "active_days", {"name": "active_days", "value": 7}),
            wire.RecordRow("record", 14, "policy", "gone", None),
        ),
    ),
    wire.SnapshotDue("snapshot", "OTHER_PAST", 1_795_000_000_000),
    wire.EnrolRequest(1, "ABCD-EFGH-JKMN-PQRS", b"k" * 32, "0.1.0"),
    wire.EnrolAnswer("A", "OSL", "Oslo", "Europe/Oslo", "t" * 43, 1_795_000_000_000, b"k" * 32, 1_795_000_000_000),
    wire.TokenAnswer("t" * 43, 1_795_000_000_000, 1_795_000_000_000),
    ProblemError("BUSY", "why").document(),
)  # fmt: skip


def validate(name: str, message: object) -> None:
    jsonschema.Draft202012Validator({**MESSAGES, "$ref": f"#/$defs/{name}"}).validate(message)


def golden() -> list[dict[str, Any]]:
    return [json.loads(line) for line in GOLDEN.read_text("utf-8").split("\n") if line]


def test_every_message_has_its_golden_bytes() -> None:
    kept = [(each["kind"], each["json"]) for each in golden()]
    assert kept == [(type(example).__name__, wire.write(example).decode()) for example in EXAMPLES]
    assert {kind for kind, _ in kept} == set(KINDS)


@pytest.mark.parametrize("line", golden(), ids=lambda line: line["kind"])
def test_a_golden_message_fits_its_schema_and_is_read_back(line: dict[str, Any]) -> None:
    validate(line["kind"], json.loads(line["json"]))
    assert wire.write(wire.read(KINDS[line["kind"]], line["json"].encode())).decode() == line["json"]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_schema_names_the_fields_of_the_code(name: str) -> None:
    fields = wire.fields_of(KINDS[name])
    described = MESSAGES["$defs"][name]
    assert set(described["properties"]) == set(fields)
    assert set(described["required"]) == {field for field, (_, optional) in fields.items() if not optional}


def test_codes_of_flags_problems_and_standings_are_those_of_the_code() -> None:
    parts = MESSAGES["$defs"]
    assert set(parts["flag_code"]["enum"]) == {code.value for code in FlagCode}
    assert parts["severity"]["enum"] == [severity.value for severity in Severity]
    assert parts["Problem"]["properties"]["code"]["enum"] == list(PROBLEMS)
    assert parts["EntryRow"]["properties"]["standing"]["enum"] == [standing.value for standing in Standing]
    told = (CONTRACT / "openapi.yaml").read_text("utf-8")
    assert [code for code in PROBLEMS if code not in told] == []


def test_a_real_push_fits_its_schema() -> None:
    device = Handheld()
    device.receive("S1")
    digest = device.receive_list(["L1"], "sscc:095210010000040013")
    validate("Push", json.loads(wire.write(device.push(lists=device.chunks(digest)))))


def test_the_served_description_is_up_to_date() -> None:
    """`python scripts/make_openapi.py` writes it."""
    printed = "import runpy; print(runpy.run_path('scripts/make_openapi.py')['text'](), end='')"
    ran = subprocess.run(
        [sys.executable, "-c", printed], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == (ROOT / "server" / "schema" / "openapi.json").read_text("utf-8")


def test_routes_and_description_name_the_same() -> None:
    described = json.loads((ROOT / "server" / "schema" / "openapi.json").read_text("utf-8"))["paths"]

    class NoCentre:
        """Routes are made without asking it anything."""

    routes = make_app(NoCentre()).routes  # type: ignore[arg-type]
    found = {(getattr(route, "path", ""), method) for route in routes for method in getattr(route, "methods", ())}
    assert {(path, method.upper()) for path, methods in described.items() for method in methods} == {
        (path, method) for path, method in found if method != "HEAD"
    }


def test_the_snapshot_has_the_schema_of_the_contract() -> None:
    assert snapshot_schema() == (CONTRACT / "snapshot.sql").read_text("utf-8")


def test_records_name_every_kind_and_field() -> None:
    told = (CONTRACT / "records.md").read_text("utf-8")
    rows = {row[0]: row[2] for row in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", told, re.MULTILINE)}
    assert set(READERS) | {"flag", "task", "lease", "count", "policy", "setting"} == set(rows)
    bodies = [*bodies_of(RECORDS), ("watch", "", watch_body(RECALL))]
    for kind, _, body in bodies:
        assert record_of(kind, body) is not None
        assert [field for field in body if field not in rows[kind]] == [], kind
    for code in FlagCode:
        assert f"| {code.value} |" in told


def test_a_kind_that_is_not_known_is_passed_over_and_a_body_that_is_none_is_refused() -> None:
    assert record_of("nothing", {}) is None
    (item,) = [body for kind, _, body in bodies_of(RECORDS) if kind == "item"][:1]
    (place,) = [body for kind, _, body in bodies_of(RECORDS) if kind == "place"][:1]
    for kind, body in (("item", {}), ("item", {**item, "name": 1}), ("place", {**place, "walk": "1"})):
        with pytest.raises(RecordFormatError, match=kind):
            record_of(kind, body)
