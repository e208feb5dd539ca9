/// The parts of `shoal status --json` that the tests look at: DESIGN's contract.
struct StatusReport: Decodable, Sendable {
    struct NodeFacts: Decodable, Sendable {
        let id: String
        let name: String
    }

    struct Amount: Decodable, Sendable {
        let blobs: Int
        let bytes: Int
    }

    struct PeerFacts: Decodable, Sendable {
        let id: String
        let name: String
        let addresses: [String]
        let state: String
        let sources: [String]
        let blobs: Int
    }

    struct Bytes: Decodable, Sendable {
        let store: Int
        let peers: Int
        let upstream: Int
        let servedToPeers: Int

        enum CodingKeys: String, CodingKey {
            case store, peers, upstream
            case servedToPeers = "served_to_peers"
        }
    }

    struct Requests: Decodable, Sendable {
        let hits: Int
        let misses: Int
    }

    let schema: Int
    let node: NodeFacts
    let store: Amount
    let shared: Amount
    let peers: [PeerFacts]
    let bytes: Bytes
    let requests: Requests
    let warnings: [String]
}
