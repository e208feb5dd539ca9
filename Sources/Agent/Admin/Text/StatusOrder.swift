import OCI

/// In which order a status shows downloads and peers.
public enum StatusOrder: String, Sendable, CaseIterable {
    case name
    /// What comes fastest first, and who gave the most.
    case traffic
    /// The largest first, and who holds the most.
    case size

    /// The one that a key leads to.
    public var next: StatusOrder {
        switch self {
        case .name: .traffic
        case .traffic: .size
        case .size: .name
        }
    }

    func sorted(_ peers: [PeerStatus]) -> [PeerStatus] {
        peers.sorted { left, right in
            switch self {
            case .traffic where left.receivedBytes != right.receivedBytes: left.receivedBytes > right.receivedBytes
            case .size where left.blobs != right.blobs: left.blobs > right.blobs
            default: (left.name, left.id) < (right.name, right.id)
            }
        }
    }

    func sorted(_ transfers: [TransferRecord]) -> [TransferRecord] {
        transfers.sorted { left, right in
            switch self {
            case .traffic where left.rate != right.rate: left.rate > right.rate
            case .size where left.size != right.size: left.size ?? 0 > right.size ?? 0
            default: left.digest < right.digest
            }
        }
    }
}
