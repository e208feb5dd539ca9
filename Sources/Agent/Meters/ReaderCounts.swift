import Transfer

/// What readers of the mirror got of blobs, by where it had come from.
struct DeliveredBytes: Sendable, Equatable {
    var store: Int64 = 0
    var peers: Int64 = 0
    var upstream: Int64 = 0

    /// What upstream did not have to send.
    var saved: Int64 { store + peers }

    static func + (left: DeliveredBytes, right: DeliveredBytes) -> DeliveredBytes {
        DeliveredBytes(
            store: left.store + right.store, peers: left.peers + right.peers, upstream: left.upstream + right.upstream)
    }
}

/// What the mirror's readers of blobs got since the start, and how long they waited.
struct ReaderCounts: Sendable, Equatable {
    var bytes = DeliveredBytes()
    /// From the question until the first byte could go out.
    var firstByte = Histogram()
    /// From the question until the last byte had been given, of those who got the whole blob.
    var wholeBlob = Histogram()
}
