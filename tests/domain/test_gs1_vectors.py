"""Published scans with the verdict of GS1's own engine; shared data, which is not part of the project."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scanner_app.domain.scan import ParsedScan, parse_scan

TODAY = date(2026, 11, 24)
ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("SCANNER_TEST_DATA", str(ROOT / ".." / "shared" / "data"))) / "gs1_dev.jsonl"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not VECTORS.exists(), reason="gs1_dev.jsonl is not there: set SCANNER_TEST_DATA to its folder"),
]


def agreed_vectors() -> list[dict[str, Any]]:
    """The vectors whose verdict nobody contests."""
    vectors = [json.loads(line) for line in VECTORS.read_text("utf-8").split("\n") if line]
    return [vector for vector in vectors if not vector["contested"]]


def disagrees(vector: dict[str, Any]) -> bool:
    """Whether we say something else of a vector: valid or not, and which element strings it holds."""
    parsed = parse_scan(vector["scan"], TODAY)
    valid = isinstance(parsed, ParsedScan)
    elements = [list(pair) for pair in parsed.elements] if isinstance(parsed, ParsedScan) else []
    primary = str(parsed.gtin) if isinstance(parsed, ParsedScan) and "expect_primary" in vector else None
    wanted = vector["expect_primary"].zfill(14) if primary else None
    return (valid, elements, primary) != (vector["expect_syntax_valid"], vector["expect_ais"], wanted)


def test_pharma_scans_are_judged_as_gs1_judges_them() -> None:
    vectors = [vector for vector in agreed_vectors() if vector["pharma_ais_only"]]

    assert len(vectors) > 80
    assert [vector["id"] for vector in vectors if disagrees(vector)] == []


def test_all_scans_are_judged_as_gs1_judges_them() -> None:
    vectors = agreed_vectors()

    assert len(vectors) > 200
    assert [vector["id"] for vector in vectors if disagrees(vector)] == []
