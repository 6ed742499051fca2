#!/usr/bin/env bash
# test.sh: the unit tests on both cores with the coverage floors, then the tests on shared data, then the simulation.
# Each part says how long it took; the first failing part ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

pytest=.venv/bin/pytest
elsewhere=(--ignore=tests/simulation --ignore=tests/system)
workers=${TEST_WORKERS:-2}

part() {
    local name=$1 started
    shift
    started=$(date +%s)
    say "" "== $name"
    "$@" || fail "== $name: failed after $(($(date +%s) - started)) s"
    say "== $name: $(($(date +%s) - started)) s"
}

# Coverage is earned by the project's own vectors alone: shared data is out of sight here, and tests of it come after.
nothing=$(mktemp -d)
trap 'rm -rf "$nothing"' EXIT
own() { SCANNER_TEST_DATA=$nothing "$pytest" -q "${elsewhere[@]}" --cov --cov-report= "$@"; }
# Selecting nothing (pytest's 5) is no failure in a part that a smaller tree may lack.
or_none() { "$@" || [ $? -eq 5 ]; }

part "unit tests" own -n "$workers" --dist worksteal -m "not shared" tests
floors() {
    .venv/bin/coverage json -q -o coverage.json
    .venv/bin/python scripts/coverage_floors.py coverage.json
}
part "coverage floors" floors
part "shared data" or_none "$pytest" -q "${elsewhere[@]}" -n "$workers" -m shared tests
if [ -d tests/simulation ]; then
    part "simulation" "$pytest" -q -n "$workers" tests/simulation
fi
