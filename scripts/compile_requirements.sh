#!/usr/bin/env bash
# compile_requirements.sh: write requirements/*.txt anew from *.in, with hashes and markers for Python 3.11–3.14 on Linux.
# Needs the command uv (not a dependency of the project). Pass --upgrade to take newer versions.
set -euo pipefail
cd "$(dirname "$0")/../requirements"
. ../scripts/lib.sh
command -v uv >/dev/null 2>&1 || fail "uv is needed to compile the requirements; install it in an environment of its own."
for name in base image server build dev; do
    uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
        --quiet "$@" "$name.in" --output-file "$name.txt" >/dev/null
done
