# shellcheck shell=bash
# Sourced by the scripts of deploy/: the release build, from nothing.
# shellcheck source=deploy/lib/packages.sh
source "$root/deploy/lib/packages.sh"
# shellcheck source=deploy/lib/toolchain.sh
source "$root/deploy/lib/toolchain.sh"

# The agent under test or on show: this checkout's, unless SHOAL_BINARY names another.
# shellcheck disable=SC2034 # by the scripts that source this
binary=${SHOAL_BINARY:-$root/.build/release/shoal}
# Told to these scripts; the agent would take it for a key of its configuration, and warn.
export -n SHOAL_BINARY

# build_release: installs what building needs, and builds. With dry_run=1 it says what it would do.
build_release() {
    install_packages build
    use_swift
    if [ "${dry_run:-0}" = 1 ]; then
        say "would build: swift build -c release --product shoal (in $root)"
        return 0
    fi
    note "building; the first time takes about a quarter of an hour on two cores"
    (cd "$root" && swift build -c release --product shoal) >&2 || die "the build failed; the compiler's errors are above"
}
