#!/usr/bin/env bash
# setup.sh run|dev: make .venv and put into it, by version and hash, what running (run) or also testing (dev) needs.
# Quick when nothing changed: a stamp in .venv holds the digest of what was installed. Progress goes to standard error.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

level=${1:-run}
case "$level" in
run) files=(requirements/base.txt requirements/image.txt requirements/build.txt) ;;
dev) files=(requirements/base.txt requirements/image.txt requirements/build.txt requirements/dev.txt) ;;
*) fail "setup.sh: say run or dev, not '$level'." ;;
esac

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
digest=$({ "$python" -VV; cat scripts/setup.sh pyproject.toml "${files[@]}"; ls -d -- */__init__.py; } | sha256sum | cut -d ' ' -f 1)
stamp=.venv/.ready-$level
if [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
    exit 0
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
if ! .venv/bin/python -m pip --version >/dev/null 2>&1 ||
    [ "$(.venv/bin/python -c 'import sys; print(sys.version_info[:2])')" != "$("$python" -c 'import sys; print(sys.version_info[:2])')" ]; then
    say "[1/3] Making .venv with $("$python" -V)"
    "$python" -m venv --clear .venv
else
    say "[1/3] Keeping .venv"
fi

pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input --quiet "$@"; }
wanted=()
for file in "${files[@]}"; do wanted+=(-r "$file"); done
say "[2/3] Installing $(cat "${files[@]}" | grep -c '^[a-z].*==') pinned packages ($level); about a minute"
# The lists are complete, so nothing is left to resolve; pip check proves it.
pip install --require-hashes --no-deps "${wanted[@]}"
say "[3/3] Installing scanner"
pip install --quiet --no-build-isolation --no-deps --editable .
pip check >&2

[ "$level" = dev ] && echo "$digest" >.venv/.ready-dev
run_digest=$({ "$python" -VV; cat scripts/setup.sh pyproject.toml requirements/base.txt requirements/image.txt requirements/build.txt; ls -d -- */__init__.py; } | sha256sum | cut -d ' ' -f 1)
echo "$run_digest" >.venv/.ready-run
say "Ready after $(($(date +%s) - started)) s."
