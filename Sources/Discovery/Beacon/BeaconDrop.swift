/// Why a datagram was not taken; each is counted by itself.
public enum BeaconDrop: String, Error, Sendable, CaseIterable {
    /// The sender sends too much, or all senders together do.
    case flood
    /// `peers.allow` does not name the sender's address.
    case notAllowed = "not_allowed"
    /// More than 1,200 bytes.
    case oversized
    /// No protobuf.
    case malformed
    /// A protocol version that this node does not speak.
    case otherVersion = "other_version"
    /// A message of a later protocol; no error.
    case unknownPayload = "unknown_payload"
    /// A field that cannot be so: a wrong length, a count above the limit, a port 0.
    case invalidField = "invalid_field"
    /// A key is used here and not there, or the other way about, or another one.
    case otherCluster = "other_cluster"
    /// The cluster id is right and the code is missing or wrong.
    case wrongMAC = "wrong_mac"
    /// Heard before, or too late.
    case replayed
    /// Of an earlier start of its sender.
    case oldEpoch = "old_epoch"
    /// This node's own.
    case own
    /// A Bye, question or answer of a node that is no peer, or of another epoch of it.
    case unknownNode = "unknown_node"
    /// The table of peers is full, or one address claims too many nodes.
    case tooManyNodes = "too_many_nodes"
    /// An answer to a question that was not asked, or no longer waits.
    case unsolicited
    /// A question above the limit of its asker, or of all.
    case questionLimit = "question_limit"
}
