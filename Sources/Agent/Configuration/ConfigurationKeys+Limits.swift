/// `[limits]`: each with its bounds, and what becomes of what is more.
extension ConfigurationKey where Root == Configuration {
    static let limits: [Self] = rates + listeners + transfers + discovery + log

    private static let rates: [Self] = [
        Self(
            "limits.uploads", \.limits.uploads, within: 1...65_536,
            "Uploads to peers at once, at most half of them to one address, and 4 of one blob's pieces; further ones are told to "
                + "come back."),
        Self(
            "limits.upload_rate", \.limits.uploadRate, "To peers, all together; empty: no limit.", change: .reload),
        Self(
            "limits.download_rate", \.limits.downloadRate, "From peers, all together; empty: no limit.", change: .reload
        ),
        Self(
            "limits.upstream_rate", \.limits.upstreamRate, "From registries, all together; empty: no limit.",
            change: .reload),
    ]

    private static let listeners: [Self] = [
        Self(
            "limits.connections", \.limits.connections, within: 1...65_536,
            "Connections that each listener serves at once, at most an eighth of `limits.open_files`; a few more are told to come "
                + "back (503), others closed."),
        Self(
            "limits.connections_per_address", \.limits.connectionsPerAddress, within: 1...65_536,
            "The same from one address that is not this machine's loopback."),
        Self(
            "limits.requests", \.limits.requests, within: 1...65_536,
            "Requests that each listener answers at once; further ones are told to come back (503)."),
        Self(
            "limits.request_line", \.limits.requestLine, within: size(1 << 10)...size(1 << 20),
            "How long a request's first line may be; a longer one is refused (414)."),
        Self(
            "limits.headers", \.limits.headers, within: size(1 << 10)...size(1 << 20),
            "How large a request's first line and header fields together may be; larger ones are refused (431)."),
        Self(
            "limits.header_fields", \.limits.headerFields, within: 16...10_000,
            "How many header fields a request may have; one with more is refused (431)."),
        Self(
            "limits.header_timeout", \.limits.headerTimeout, within: period(1)...period(3600),
            "How long a request may take to arrive, from its first byte on; then it is refused (408)."),
        Self(
            "limits.body_timeout", \.limits.bodyTimeout, within: period(1)...period(3600),
            "How long the body of a push may stop coming; then it is refused (408)."),
        Self(
            "limits.idle_timeout", \.limits.idleTimeout, within: period(1)...period(86_400),
            "How long a connection may wait for its next request; then it is closed."),
        Self(
            "limits.stall_timeout", \.limits.stallTimeout, within: period(1)...period(86_400),
            "How long a client may take nothing of an answer, or less than 512 bytes a second; then it is cut off."),
        Self(
            "limits.waits", \.limits.waits, within: 0...65_536,
            "Peers that may wait for bytes on their way here; further ones are told who else has them (503)."),
        Self(
            "limits.waits_per_address", \.limits.waitsPerAddress, within: 0...65_536, "The same from one address."),
    ]

    private static let transfers: [Self] = [
        Self(
            "limits.downloads", \.limits.downloads, within: 1...65_536,
            "Blobs that may be on their way here at once; for further ones the runtime is told to ask elsewhere (503)."),
        Self(
            "limits.spool", \.limits.spool,
            "How much blobs that are arriving, and what was cut off, may take of the disk; what does not fit passes from upstream "
                + "to the client without the disk. Empty: no limit."),
        Self(
            "limits.open_files", \.limits.openFiles, within: 256...1_048_576,
            "Files and connections that the agent may have open, as far as the system lets it (`LimitNOFILE` of the unit); what "
                + "cannot be opened is asked for elsewhere (404)."),
    ]

    private static let discovery: [Self] = [
        Self(
            "limits.datagrams", \.limits.datagrams, within: 10...1_000_000,
            "Datagrams of known peers' addresses that are looked at in a second; others are dropped and counted."),
        Self(
            "limits.stranger_datagrams", \.limits.strangerDatagrams, within: 10...1_000_000,
            "The same of all other addresses."),
        Self(
            "limits.datagrams_per_address", \.limits.datagramsPerAddress, within: 1...1_000_000,
            "The same of one address, three times as many at once."),
        Self(
            "limits.peers", \.limits.peers, within: 1...30_000,
            "Nodes that are known at once; a new one takes the place of one that is silent, or is not taken in."),
        Self(
            "limits.peers_per_address", \.limits.peersPerAddress, within: 1...30_000,
            "Nodes that one address may say to be."),
        Self(
            "limits.inventory", \.limits.inventory, within: 1000...10_000_000,
            "Blobs of peers that are remembered, one held by several counted for each (a million takes up to 64 MiB of memory); "
                + "what is more is not found there."),
        Self(
            "limits.inventory_per_peer", \.limits.inventoryPerPeer, within: 100...300_000, "The same of one peer."),
        Self(
            "limits.names", \.limits.names, within: 100...1_000_000,
            "Tags, and names of the local namespace, that peers tell of and that are remembered; the same word from many goes first."
        ),
        Self("limits.names_per_peer", \.limits.namesPerPeer, within: 100...40_000, "The same of one peer."),
    ]

    private static let log: [Self] = [
        Self(
            "limits.log_lines", \.limits.logLines, within: 10...1_000_000,
            "Lines of the log in a minute; the rest is left out, errors excepted, and a line says how many there were."),
        Self(
            "limits.log_repeats", \.limits.logRepeats, within: 1...10_000,
            "How often a minute the same warning about the same thing is told."),
    ]

    private static func size(_ bytes: Int64) -> ByteSize { ByteSize(bytes: bytes) }

    private static func period(_ seconds: Int64) -> TimePeriod { TimePeriod(seconds: seconds) }
}
