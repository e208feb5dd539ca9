/// What a node says of itself in the TXT record of its service: as much presence as a Hello carries, and the beginnings of its newest
/// digests. A value; `MDNSRecord+TXT.swift` reads and writes it.
struct MDNSRecord: Sendable, Equatable {
    var id: NodeID
    /// Host name, for people.
    var name: String
    var epoch: UInt64
    /// Of the inventory, in that epoch.
    var version: UInt64
    /// Names the cluster key in use; empty without one.
    var cluster: [UInt8]
    /// Newest first.
    var newest: [DigestPrefix]
}

enum MDNSLimits {
    static let serviceType = "_shoal._tcp"
    static let version = "1"
    /// Bytes of a TXT record, each string's length byte included: with the rest of an answer it fits into one packet.
    static let record = 1100
    /// Strings in a TXT record of somebody else.
    static let strings = 64
    /// Bytes of one string of a TXT record, as DNS has it.
    static let string = 255
    /// Bytes of a service's name, as DNS has it.
    static let serviceName = 63
    /// Digests in one string: sixteen digits each, with the key in front.
    static let digestsPerString = 15
    static let digestStrings = 4
}

extension DigestPrefix {
    /// Hexadecimal, as it stands in a TXT record.
    static let digits = byteCount * 2
}
