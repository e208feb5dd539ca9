/// Why something that mDNS told of a node was not taken; each is counted by itself.
public enum MDNSDrop: String, Error, Sendable, CaseIterable {
    /// A TXT record of more than 1,100 bytes, or of too many strings.
    case oversized
    /// A string of the TXT record is no `key=value` with a printable key.
    case malformed
    /// A protocol version that this node does not speak.
    case otherVersion = "other_version"
    /// A key that must be there is not.
    case incomplete
    /// A value that cannot be so: an id of a wrong length, an epoch 0, a port 0.
    case invalidField = "invalid_field"
    /// A key is used here and not there, or the other way about, or another one.
    case otherCluster = "other_cluster"
    /// This node's own.
    case own
    /// It is told on an interface where there are no neighbours: loopback, a tunnel, a bridge of containers.
    case notLAN = "not_lan"
    /// An address that is nobody's, or that no neighbour can have.
    case invalidAddress = "invalid_address"
    /// `peers.allow` does not name the address.
    case notAllowed = "not_allowed"
    /// More services than are followed.
    case tooMany = "too_many"
}
