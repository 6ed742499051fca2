# What the shell scripts share: say, fail, and apt where this user may use it. Source it; it runs nothing by itself.

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# as_root COMMAND…: run it as root, without ever asking for a password; 1 where that is not possible.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

# apt_install PACKAGE…: quietly, without questions, with a bounded wait for another apt; 1 where it cannot be done.
apt_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    as_root true || return 1
    say "Installing with apt: $*"
    local options=(-qq -y -o DPkg::Lock::Timeout=120 --no-install-recommends)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install "$@" >&2 ||
        { as_root apt-get -qq update >&2 &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install "$@" >&2; }
}
