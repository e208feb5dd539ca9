import OCI

@testable import Agent

extension Digest {
    /// A digest of one repeated byte.
    static func sample(_ byte: UInt8) throws -> Digest {
        try Digest(algorithm: .sha256, bytes: [UInt8](repeating: byte, count: 32))
    }
}

extension StatusSnapshot {
    /// A node with two peers, a download and a warning.
    static func sample() throws -> StatusSnapshot {
        StatusSnapshot(
            node: NodeStatus(
                id: "000102030405060708090a0b0c0d0e0f", name: "node-a", version: "0.1.0", uptimeSeconds: 8040),
            store: StoreStatus(blobs: 12, bytes: 1_234_567_890, capacity: 20_000_000_000),
            shared: ContentCount(blobs: 1, bytes: 999),
            peers: [
                PeerStatus(
                    id: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", name: "node-c",
                    addresses: ["192.168.1.13:5051", "[fd00::13]:5051"], state: "suspect",
                    sources: ["mdns", "broadcast"], blobs: 0, blamed: true),
                PeerStatus(
                    id: "101112131415161718191a1b1c1d1e1f", name: "node-b", addresses: ["192.168.1.12:5051"],
                    state: "alive", sources: ["broadcast"], blobs: 1234, receivedBytes: 98_000_000),
            ],
            bytes: ByteCounts(store: 100, peers: 123_456_789, upstream: 52_000_000, servedToPeers: 1_000_000_000_000),
            today: ByteCounts(store: 10, peers: 1_200_000, upstream: 12_000_000, servedToPeers: 3_300_000_000),
            saved: SavedBytes(upstream: 123_000_000),
            containerd: ContainerdStatus(
                state: "following", version: "1.6.20", socket: "/run/containerd/containerd.sock",
                namespaces: ["default", "k8s.io"], images: 12, blobs: 140),
            requests: RequestCounts(hits: 40, misses: 3),
            swarm: SwarmRecord(
                ownershipMoves: 4, hedges: 2, duplicateBytes: 4096, damagedPieces: 1, piecesServedEarly: 30),
            transfers: [
                TransferRecord(
                    digest: try .sample(0xab), size: 104_857_600, present: 52_428_800, pieces: "0-10,12",
                    pieceCount: 25,
                    readers: 2, fromPeers: 40_000_000, fromUpstream: 12_428_800,
                    sources: [
                        .init(kind: "peer", id: "101112131415161718191a1b1c1d1e1f", bytes: 30_000_000),
                        .init(kind: "upstream", bytes: 12_428_800),
                        .init(kind: "peer", id: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", bytes: 10_000_000),
                    ], rate: 18_200_000, seconds: 4.5),
                TransferRecord(
                    digest: try .sample(0xcd), size: nil, present: 0, readers: 1, fromPeers: 0, fromUpstream: 0,
                    seconds: 0),
            ],
            warnings: [
                "peers.key_file is not set: only public content is shared, and no tag of another node is believed"
            ])
    }
}

extension LocateSnapshot {
    /// An image of two blobs.
    static func sample() throws -> LocateSnapshot {
        LocateSnapshot(
            query: try LocateQuery("nginx"),
            blobs: [
                Blob(
                    digest: try .sample(0x11), size: 1024, here: true,
                    peers: [
                        Holder(id: "b1", name: "node-b", complete: true),
                        Holder(id: "c1", name: "node-c", complete: false),
                    ]),
                Blob(
                    digest: try .sample(0x22), size: nil, here: false,
                    peers: [Holder(id: "b1", name: "node-b", complete: true)]),
            ])
    }
}
