#!/usr/bin/env bash
# setup.sh run|dev: make .venv and put into it, by version and hash, what running (run) or also testing (dev) needs.
# Quick when nothing changed: a stamp in .venv holds the digest of what was installed. Progress goes to standard error.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

level=${1:-run}
case "$level" in
run | dev) ;;
*) fail "setup.sh: say run or dev, not '$level'." ;;
esac
lists_of() {
    printf 'requirements/%s.txt\n' base image server
    [ "$1" = run ] || echo requirements/dev.txt
}

# The interpreter: $PYTHON, else python3 where it is new enough, else the newest python3.x on the PATH.
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    return 1
}
python=$(find_python) || fail "Python 3.11 or newer is needed and ${PYTHON:-python3} is not: install the package python3.11 or name another one with PYTHON=."

# What is installed follows from these alone; a stamp with the same digest means there is nothing to do.
digest_of() {
    # shellcheck disable=SC2046 # the names have no spaces
    { pwd; "$python" -VV; cat scripts/setup.sh pyproject.toml requirements/build.txt $(lists_of "$1"); ls -d -- */__init__.py; } |
        sha256sum | cut -d ' ' -f 1
}
ready() { .venv/bin/python -c '' 2>/dev/null && [ "$(cat ".venv/.ready-$1" 2>/dev/null)" = "$(digest_of "$1")" ]; }
ready "$level" && exit 0

# Two set-ups at once would install into each other's half-made .venv; the second waits and finds it ready.
exec 9<requirements/build.txt
if command -v flock >/dev/null 2>&1; then
    flock 9
    ready "$level" && exit 0
fi

# Debian and Ubuntu ship Python without its venv module; the package python3-venv brings it.
has_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
if ! has_venv; then
    package=python3-venv
    [ "$python" = python3 ] || package=$(basename "$python")-venv
    apt_install "$package" || true
    has_venv || fail "$python has no venv module: install the package $package (sudo apt-get install $package)."
fi

started=$(date +%s)
rm -f .venv/.ready-*
# An environment does not survive being moved, half made, or another version of Python.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || [ "$(cat .venv/.made-in 2>/dev/null)" != "$PWD" ] ||
    [ "$(.venv/bin/python -c 'import sys; print(sys.version_info[:2])')" != "$("$python" -c 'import sys; print(sys.version_info[:2])')" ]; then
    say "[1/3] Making .venv with $("$python" -V)"
    "$python" -m venv --clear .venv
    pwd >.venv/.made-in
else
    say "[1/3] Keeping .venv"
fi

# Errors alone: on a machine with several indexes pip has a remark for each package that one of them lacks.
pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input --quiet --quiet "$@"; }
mapfile -t lists < <(lists_of "$level")
say "[2/3] Installing $(cat "${lists[@]}" | grep -c '^[a-z].*==') pinned packages; about a minute"
# The lists are complete, so nothing is left to resolve; what has no wheel here is built with the pinned setuptools.
pip install --require-hashes --no-deps -r requirements/build.txt
pip install --require-hashes --no-deps --no-build-isolation "${lists[@]/#/--requirement=}"
say "[3/3] Installing scanner"
pip install --no-build-isolation --no-deps --editable .
broken=$(.venv/bin/python -m pip check 2>&1) || fail "$broken"

digest_of run >.venv/.ready-run
[ "$level" = run ] || digest_of dev >.venv/.ready-dev
say "Ready after $(($(date +%s) - started)) s."
