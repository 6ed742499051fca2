"""docs/contract against the code: schemas name what the code knows, and golden bytes stay what they are."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from scanner_app.domain.entry import EntryKind, Parent, chain_hash, decode_entry, encode_entry, genesis
from scanner_app.domain.lists import decode_list, encode_list
from scanner_app.domain.refusals import Outcome, Refusal
from scanner_app.domain.stock import Seal, Status

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "docs" / "contract"
GOLDEN = CONTRACT / "golden"
SCHEMAS = {path.name.removesuffix(".schema.json"): path for path in sorted(CONTRACT.glob("*.schema.json"))}
VECTORS: dict[str, Any] = json.loads((GOLDEN / "vectors.json").read_text("utf-8"))
ENTRIES: list[dict[str, Any]] = VECTORS["entries"]
LINES: list[dict[str, Any]] = [
    json.loads(line) for line in (GOLDEN / "ledger.jsonl").read_text("utf-8").split("\n") if line
]


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SCHEMAS[name].read_text("utf-8"))
    return loaded


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(name), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one_and_says_what_it_is_of(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert schema(name)["title"]


def test_the_forms_of_the_ledger_and_of_the_commands_are_there() -> None:
    lines = {f"{name}-line" for name in ("export", "outbox", "parse", "replay", "stock", "trace", "verify")}
    assert {"entry", "list", *lines} <= set(SCHEMAS)


def test_the_schemas_name_the_closed_tables_of_the_code() -> None:
    entry = schema("entry")["properties"]
    accepted, refused = entry["verdict"]["oneOf"]
    assert entry["kind"]["enum"] == [kind.value for kind in EntryKind]
    assert accepted["properties"]["outcome"]["enum"] == [outcome.value for outcome in Outcome]
    assert refused["properties"]["refusal"]["enum"] == [refusal.value for refusal in Refusal]
    assert schema("trace-line")["properties"]["kind"]["enum"] == entry["kind"]["enum"]
    assert schema("stock-line")["properties"]["status"]["enum"] == [status.value for status in Status]
    for name in ("entry", "list"):
        parts = schema(name)["$defs"]
        assert parts["posting"]["properties"]["key"]["properties"]["status"]["enum"] == [each.value for each in Status]
        assert parts["container_move"]["properties"]["seal"]["enum"] == [seal.value for seal in Seal]


def test_a_genesis_follows_from_device_epoch_and_parent() -> None:
    assert len(VECTORS["genesis"]) == 2
    for vector in VECTORS["genesis"]:
        parent = Parent(
            bytes.fromhex(vector["parent_epoch"]), vector["parent_seq"], bytes.fromhex(vector["parent_hash"])
        )
        assert genesis(VECTORS["device"], bytes.fromhex(vector["epoch"]), parent).hex() == vector["genesis"]


@pytest.mark.parametrize("vector", ENTRIES, ids=lambda vector: f"{vector['epoch']}-{vector['seq']}")
def test_a_golden_entry_is_read_and_written_byte_for_byte(vector: dict[str, Any]) -> None:
    stored = vector["bytes"].encode()
    assert encode_entry(decode_entry(stored)) == stored
    validator("entry").validate(json.loads(stored))


def test_the_golden_hashes_are_one_chain() -> None:
    heads = {number: bytes.fromhex(each["genesis"]) for number, each in enumerate(VECTORS["genesis"], 1)}
    for vector in ENTRIES:
        number = vector["epoch"]
        heads[number] = chain_hash(heads[number], vector["seq"], vector["bytes"].encode())
        assert heads[number].hex() == vector["hash"]
    assert VECTORS["genesis"][1]["parent_hash"] == heads[1].hex()


def test_golden_lists_have_their_digests() -> None:
    assert VECTORS["lists"]
    for vector in VECTORS["lists"]:
        chunk = vector["chunk"].encode()
        assert encode_list(decode_list(vector["digest"], [chunk])) == (vector["digest"], [chunk])
        validator("list").validate(json.loads(chunk))
    assert [vector["digest"] for vector in VECTORS["lists"]] == [
        digest for vector in ENTRIES for digest in json.loads(vector["bytes"])["lists"]
    ]


def test_the_golden_export_holds_the_same_bytes() -> None:
    for line in LINES:
        validator("export-line").validate(line)
    entries = [line for line in LINES if line["type"] == "entry"]
    assert [(base64.b64decode(line["bytes"]), base64.b64decode(line["hash"]).hex()) for line in entries] == [
        (vector["bytes"].encode(), vector["hash"]) for vector in ENTRIES
    ]
    chunks = [line for line in LINES if line["type"] == "list"]
    assert [base64.b64decode(line["bytes"]).decode() for line in chunks] == [each["chunk"] for each in VECTORS["lists"]]


@pytest.mark.parametrize("field", ["postings", "raw", "verdict", "v"])
def test_the_entry_schema_asks_for_every_field(field: str) -> None:
    told = json.loads(ENTRIES[1]["bytes"])
    del told[field]
    with pytest.raises(jsonschema.ValidationError):
        validator("entry").validate(told)


# --- the stand-alone verifier ----------------------------------------------------------------------------------------


def verify_alone(path: Path) -> tuple[int, dict[str, Any], str]:
    """docs/verify_ledger.py in an interpreter that sees neither this package nor any installed one."""
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "docs" / "verify_ledger.py"), str(path)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return ran.returncode, json.loads(ran.stdout) if ran.stdout else {}, ran.stderr


def test_the_golden_export_verifies_alone() -> None:
    code, answer, _ = verify_alone(GOLDEN / "ledger.jsonl")
    assert (code, answer) == (0, {"ok": True, "entries": 8, "head": ENTRIES[-1]["hash"], "first_bad": None})
    validator("verify-line").validate(answer)


def changed(line: dict[str, Any], field: str) -> dict[str, Any]:
    """The line with one bit of a field turned over."""
    raw = bytearray(base64.b64decode(line[field]))
    raw[-1] ^= 1
    return {**line, field: base64.b64encode(raw).decode()}


@pytest.mark.parametrize(
    ("kind", "number", "field", "first_bad"),
    [
        ("epoch", 0, "genesis", 1),
        ("epoch", 0, "epoch", 1),
        ("epoch", 1, "parent_hash", 7),
        ("list", 0, "bytes", 5),
        ("entry", 0, "bytes", 1),
        ("entry", 3, "bytes", 4),
        ("entry", 3, "hash", 4),
        ("entry", 7, "hash", 8),
    ],
)
def test_one_bit_is_found_alone(tmp_path: Path, kind: str, number: int, field: str, first_bad: int) -> None:
    lines = list(LINES)
    at = [index for index, line in enumerate(lines) if line["type"] == kind][number]
    lines[at] = changed(lines[at], field)
    code, answer, said = verify_alone(written(tmp_path, lines))
    assert (code, answer["ok"], answer["first_bad"]) == (1, False, first_bad)
    assert f"entry {first_bad}:" in said
    validator("verify-line").validate(answer)


def written(folder: Path, lines: list[dict[str, Any]]) -> Path:
    path = folder / "export.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def test_a_line_that_is_missing_or_moved_is_found_alone(tmp_path: Path) -> None:
    entries = [index for index, line in enumerate(LINES) if line["type"] == "entry"]
    missing = [line for index, line in enumerate(LINES) if index != entries[2]]
    assert verify_alone(written(tmp_path, missing))[1]["first_bad"] == 3
    swapped = list(LINES)
    swapped[entries[0]], swapped[entries[1]] = swapped[entries[1]], swapped[entries[0]]
    assert verify_alone(written(tmp_path, swapped))[1]["first_bad"] == 1
    without_list = [line for line in LINES if line["type"] != "list"]
    assert verify_alone(written(tmp_path, without_list))[1]["first_bad"] == 5


@pytest.mark.parametrize("text", ["", "no ledger\n", "{}\n", '{"type": "enter"}\n', "[]\n", "SQLite format 3\0\n"])
def test_what_is_no_ledger_does_not_verify_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text, "utf-8")
    code, answer, _ = verify_alone(tmp_path / "file")
    assert (code, answer["ok"], answer["entries"]) == (1, False, 0)


def test_the_stand_alone_verifier_without_a_file_says_how_it_is_used(tmp_path: Path) -> None:
    code, _, said = verify_alone(tmp_path / "none")
    assert code == 2
    assert "verify_ledger.py FILE" in said
