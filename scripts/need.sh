#!/usr/bin/env bash
# need.sh COMMAND…: see to it that each command is there, through apt where this user may; else say in one sentence
# which package brings it, and fail. Command and package have the same name unless the list below says otherwise.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

package_of() {
    case "$1" in
    psql | pg_ctl) echo postgresql ;;
    qemu-system-x86_64) echo qemu-system-x86 ;;
    *) echo "$1" ;;
    esac
}

missing=()
for command in "$@"; do
    command -v "$command" >/dev/null 2>&1 || missing+=("$(package_of "$command")")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

apt_install "${missing[@]}" ||
    fail "Missing: ${missing[*]}. Install with: sudo apt-get install ${missing[*]}"
for command in "$@"; do
    command -v "$command" >/dev/null 2>&1 || fail "apt installed ${missing[*]}, yet there is no command $command on the PATH."
done
