from __future__ import annotations

import itertools
import json
from datetime import date, timedelta

from scanner_app.demo.shift import shift_lines
from scanner_app.demo.site import load_demo
from scanner_app.domain.refusals import Outcome, Refusal
from scanner_app.domain.scan import ParsedScan, parse_scan

TODAY = date(2026, 11, 22)
STEPS = {"at", "sign_in", "open", "scan", "command", "key", "text", "expect"}


def test_every_line_is_a_step_that_a_replay_knows() -> None:
    lines = [json.loads(line) for line in shift_lines(load_demo(TODAY))]
    assert 60 <= len(lines) <= 180
    assert all(len(STEPS & set(line)) == 1 for line in lines)
    for line in lines:
        if "scan" in line:
            assert isinstance(parse_scan(line["scan"], TODAY), ParsedScan)


def test_every_expectation_follows_a_step_and_names_a_known_code() -> None:
    lines = [json.loads(line) for line in shift_lines(load_demo(TODAY))]
    for before, line in itertools.pairwise(lines):
        if "expect" not in line:
            continue
        assert not {"expect", "at"} & set(before)
        expected = line["expect"]
        assert expected.get("outcome") is None or expected["outcome"] in Outcome.__members__
        assert expected.get("refusal") is None or expected["refusal"] in Refusal.__members__


def test_the_shift_tells_what_a_dock_must_be_able_to_do() -> None:
    lines = [json.loads(line) for line in shift_lines(load_demo(TODAY))]
    refusals = {line["expect"]["refusal"] for line in lines if line.get("expect", {}).get("result") == "refused"}
    assert refusals >= {
        "WRONG_PIN", "ALREADY_SCANNED", "EXPIRED", "RECALLED", "ANSWER_FIRST", "CONDITION_MISSING",
        "WRONG_STORAGE_CLASS", "OVER_QUANTITY",
    }  # fmt: skip
    commands = {line["command"] for line in lines if "command" in line}
    assert commands >= {"undo", "accept_rest", "logger_ok", "done"}
    assert {line["open"] for line in lines if "open" in line} == {"receiving", "putaway", "counting"}


def test_the_same_shift_on_any_day_with_other_expiries() -> None:
    first, second = (shift_lines(load_demo(day)) for day in (TODAY, TODAY + timedelta(days=30)))
    assert len(first) == len(second)
    assert first != second
    assert [line for line in first if '"command"' in line] == [line for line in second if '"command"' in line]
