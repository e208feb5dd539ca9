# shellcheck shell=bash
# Sourced by deploy/package: links the agent for machines that have no Swift.

# What Foundation's archives need of each other beside what the compiler finds by itself.
readonly swift_archives=(Foundation FoundationInternationalization FoundationEssentials _FoundationCollections
    _FoundationCShims CoreFoundation _FoundationICU)

# link_agent BINARY OUTPUT [FOLDER]: links the objects beside a binary that SwiftPM built once more, with Swift's runtime inside, and
# with the libraries of FOLDER in front of the system's. Seconds; `swift build --static-swift-stdlib` would compile everything again for
# the same result.
link_agent() {
    local binary=$1 output=$2 libraries=${3:-} folder objects entry
    folder=$(dirname "$(realpath "$binary")")
    objects=$folder/shoal.product/Objects.LinkFileList
    # SwiftPM calls an executable's main by its module's name, so that tests can link it.
    entry=$(nm --defined-only "$folder/shoal.build/Shoal.swift.o" | awk '$3 ~ /^(main|shoal_main)$/ { print $3; exit }')
    [ -n "$entry" ] || die "$folder/shoal.build/Shoal.swift.o has no main; build again: swift build -c release --product shoal"
    swiftc -static-stdlib -emit-executable -o "$output" "@$objects" ${libraries:+-L "$libraries"} -L "$folder" \
        "${swift_archives[@]/#/-l}" ${libraries:+-Xclang-linker -static-libgcc} \
        -Xlinker --gc-sections -Xlinker "--defsym=main=$entry" >"$output.log" 2>&1 || {
        grep -v 'warning:' "$output.log" | tail -n 10 >&2
        die "the agent in $folder could not be linked again; build it anew: swift build -c release --product shoal"
    }
    rm -f "$output.log"
}
