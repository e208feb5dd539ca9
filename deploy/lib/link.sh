# shellcheck shell=bash
# Sourced by deploy/package: links the agent for machines that have no Swift.

# What Foundation's archives need of each other beside what the compiler finds by itself.
readonly swift_archives=(Foundation FoundationInternationalization FoundationEssentials _FoundationCollections
    _FoundationCShims CoreFoundation _FoundationICU)

# link_agent BINARY OUTPUT LIBRARY...: links the objects beside a binary that SwiftPM built once more, with Swift's runtime inside,
# and the libraries named. Seconds; `swift build --static-swift-stdlib` would compile everything again for the same result.
link_agent() {
    local binary=$1 output=$2 folder objects entry
    shift 2
    folder=$(dirname "$(realpath "$binary")")
    objects=$folder/shoal.product/Objects.LinkFileList
    # SwiftPM calls an executable's main by its module's name, so that tests can link it.
    entry=$(nm --defined-only "$folder/shoal.build/Shoal.swift.o" | awk '$3 ~ /^(main|shoal_main)$/ { print $3; exit }')
    [ -n "$entry" ] || die "$folder/shoal.build/Shoal.swift.o has no main; build again: swift build -c release --product shoal"
    swiftc -static-stdlib -emit-executable -o "$output" "@$objects" -L "$folder" "${swift_archives[@]/#/-l}" "$@" \
        -Xlinker --gc-sections -Xlinker --as-needed -Xlinker "--defsym=main=$entry" >"$output.log" 2>&1 ||
        die "the agent could not be linked: $(grep -m 1 error: "$output.log"); the linker's words are in $output.log"
    rm -f "$output.log"
}
