# shellcheck shell=bash
# Sourced by the scripts of deploy/: a Swift to build with. One on the PATH that is new enough is used; else the
# pinned release of swift.org is fetched, its signature checked against the pinned key, and unpacked once.

readonly swift_minimum=6.2
readonly swift_release=6.3.1
# "Swift 6.x Release Signing Key <swift-infrastructure@forums.swift.org>"; the fingerprint is what is trusted, not
# the file that it comes in.
readonly swift_signing_key=52BB7E3DE28A71BE22EC05FFEF80A866B47A981F
readonly swift_keys=https://www.swift.org/keys/all-keys.asc
readonly swift_home=${DEPLOY_SWIFT_HOME:-/opt/shoal-swift}

# swift_version: "6.3.1" of the swift on the PATH, or nothing.
swift_version() {
    { swift --version 2>/dev/null || true; } | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1
}

# version_at_least HAVE WANTED
version_at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# toolchain_url: of this machine's archive.
toolchain_url() {
    local platform=debian12
    case $(uname -m) in
        x86_64) ;;
        aarch64) platform=debian12-aarch64 ;;
        *) die "swift.org has no Swift for $(uname -m); put a Swift $swift_minimum or newer on the PATH" ;;
    esac
    printf 'https://download.swift.org/swift-%s-release/%s/swift-%s-RELEASE/swift-%s-RELEASE-%s.tar.gz\n' \
        "$swift_release" "$platform" "$swift_release" "$swift_release" "$platform"
}

# check_signature ARCHIVE SIGNATURE KEYS: succeeds only if the pinned key itself made the signature. An expired key still
# counts (the signature was made in its time), a revoked one does not.
check_signature() {
    local home status
    home=$(mktemp -d)
    gpg --homedir "$home" --batch --quiet --import "$3" 2>/dev/null || true
    status=$(gpg --homedir "$home" --batch --status-fd 1 --verify "$2" "$1" 2>/dev/null || true)
    gpgconf --homedir "$home" --kill all 2>/dev/null || true
    rm -rf "$home"
    ! grep -qE '^\[GNUPG:\] (BADSIG|ERRSIG|REVKEYSIG)' <<<"$status" || return 1
    # The last field of VALIDSIG is the primary key's fingerprint, also where a subkey signed.
    grep -qE "^\[GNUPG:\] VALIDSIG .*\b$swift_signing_key\$" <<<"$status"
}

# fetch_toolchain: into $swift_home/$swift_release; the name appears only when it is complete.
fetch_toolchain() {
    local url folder=$swift_home/$swift_release scratch
    url=$(toolchain_url)
    mkdir -p "$swift_home" || die "cannot make $swift_home; run as root, or set DEPLOY_SWIFT_HOME to a folder of yours"
    scratch=$(mktemp -d "$swift_home/.fetch-XXXXXX")
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$scratch'" RETURN EXIT
    note "fetching $url"
    curl --fail --location --silent --show-error --proto '=https' --retry 3 \
        --output "$scratch/swift.tar.gz" "$url" --output "$scratch/swift.tar.gz.sig" "$url.sig" \
        --output "$scratch/keys.asc" "$swift_keys" ||
        die "could not fetch Swift $swift_release; check the network, or put a Swift $swift_minimum or newer on the PATH"
    check_signature "$scratch/swift.tar.gz" "$scratch/swift.tar.gz.sig" "$scratch/keys.asc" ||
        die "the archive from $url is not signed by swift.org's release key $swift_signing_key; nothing was unpacked"
    mkdir "$scratch/swift"
    tar -xzf "$scratch/swift.tar.gz" -C "$scratch/swift" --strip-components=1
    mv -T "$scratch/swift" "$folder"
    rm -rf "$scratch"
    trap - RETURN EXIT
}

# use_swift: puts a Swift that is new enough first on the PATH. With dry_run=1 it says what it would do.
use_swift() {
    local have folder=$swift_home/$swift_release
    have=$(swift_version)
    if [ -n "$have" ] && version_at_least "$have" "$swift_minimum"; then
        return 0
    fi
    if [ ! -x "$folder/usr/bin/swift" ]; then
        if [ "${dry_run:-0}" = 1 ]; then
            install_packages toolchain
            say "would fetch $(toolchain_url), check that key $swift_signing_key signed it, unpack it to $folder"
            return 0
        fi
        [ -z "$have" ] || note "the swift on the PATH is $have; Shoal needs $swift_minimum or newer"
        install_packages toolchain
        fetch_toolchain
    fi
    export PATH=$folder/usr/bin:$PATH
}
