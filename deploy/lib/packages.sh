# shellcheck shell=bash
# Sourced by the scripts of deploy/: installs Debian packages that are missing, and only those.

# packages_of LIST...: the names in deploy/packages/LIST.txt.
packages_of() {
    local list
    for list in "$@"; do
        sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$root/deploy/packages/$list.txt"
    done
}

# packages_missing LIST...: those of them that are not installed.
packages_missing() {
    local package
    for package in $(packages_of "$@"); do
        # shellcheck disable=SC2016 # the dollar is dpkg-query's
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s\n' "$package"
    done
}

# install_packages LIST...: does nothing, and asks nobody, when all is there. With dry_run=1 it says what it would do.
install_packages() {
    local missing
    command -v apt-get >/dev/null || {
        note "no apt-get here: install what ${*/#/deploy/packages/} name yourself (this script knows Debian 12)"
        return 0
    }
    missing=$(packages_missing "$@" | paste -sd ' ')
    [ -n "$missing" ] || return 0
    if [ "${dry_run:-0}" = 1 ]; then
        say "would install: $missing"
        return 0
    fi
    is_root || die "these packages are missing and only root can install them: $missing"
    note "installing: $missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # one word per package
    { apt-get -q update && apt-get -q install -y --no-install-recommends $missing; } >&2 ||
        die "apt-get could not install: $missing"
}
