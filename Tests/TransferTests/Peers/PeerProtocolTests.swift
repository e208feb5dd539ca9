import AsyncHTTPClient
import Discovery
import Foundation
import Integrity
import NIOCore
import NIOPosix
import OCI
import SystemPackage
import Testing

@testable import Transfer

/// The client and the server of the peer protocol, speaking with each other.
@Suite("The peer protocol, both ends", .timeLimit(.minutes(1)))
struct PeerProtocolTests {
    private let own = NodeIdentity(id: NodeID.random(), name: "own", epoch: 1)
    private let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 7) }

    private func withClient(
        key: ClusterKey? = nil, _ body: (PeerClient) async throws -> Void
    ) async throws {
        let client = PeerClient(
            group: .singletonMultiThreadedEventLoopGroup, node: own.id,
            signer: key.map { PeerSigner(key: $0, identity: own) }, patience: .long)
        do {
            try await body(client)
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    private func withKey(_ body: (ClusterKey) async throws -> Void) async throws {
        try await withTemporaryDirectory { folder in
            let path = folder.appending("key").string
            let contents = Data(String(repeating: "07", count: 32).utf8)
            #expect(
                FileManager.default.createFile(
                    atPath: path, contents: contents, attributes: [.posixPermissions: 0o600]))
            try await body(ClusterKey.load(path: FilePath(path)))
        }
    }

    @Test("Bytes that are on their way are waited for, and come")
    func wait() async throws {
        let peer = LocalPeer(bytes)
        try await peer.serve { address in
            try await withClient { client in
                async let answer = client.blob(
                    peer.digest, of: peer.identity.id, at: address, range: 1000..<5000, wait: .seconds(15))
                for await _ in peer.waiting { break }
                try peer.arrive()
                let blob = try await answer
                #expect(blob.offset == 1000 && blob.length == 4000 && blob.total == 100_000)
                let body = try await blob.body.collect(upTo: 5000)
                #expect(Array(body.readableBytesView) == Array(bytes[1000..<5000]))
            }
        }
    }

    @Test("Who does not wait is told what has arrived")
    func missing() async throws {
        let peer = LocalPeer(bytes)
        try await peer.serve { address in
            try await withClient { client in
                await #expect(throws: PeerAnswerError.missing(pieces: "")) {
                    _ = try await client.blob(
                        peer.digest, of: peer.identity.id, at: address, range: 0..<10, wait: .zero)
                }
            }
        }
    }

    @Test("Without a key a peer learns by its word who asks for pieces")
    func asker() async throws {
        let peer = LocalPeer(bytes)
        try await peer.serve { address in
            try await withClient { client in
                let report = try await client.pieces(
                    of: peer.digest, from: peer.identity.id, at: address, began: 3, since: 9)
                #expect(report.since == 9 && report.size == 100_000)
                #expect(peer.asked == [own.id])
            }
        }
    }

    @Test("With a key all of it is signed and proven")
    func key() async throws {
        try await withKey { key in
            let peer = LocalPeer(bytes)
            try peer.arrive()
            try await peer.serve(KeyGate(key, peer.identity)) { address in
                try await withClient(key: key) { client in
                    let id = peer.identity.id
                    _ = try await client.pieces(of: peer.digest, from: id, at: address, began: nil, since: 0)
                    #expect(peer.asked == [own.id])
                    let chain = try await client.chain(of: peer.digest, size: 8 << 20, from: id, at: address)
                    #expect(chain.isComplete)
                    let blob = try await client.blob(
                        peer.digest, of: id, at: address, range: 0..<10, wait: .seconds(1))
                    let body = try await blob.body.collect(upTo: 10)
                    #expect(Array(body.readableBytesView) == Array(bytes[..<10]))
                }
            }
        }
    }

    @Test("With a key nothing is believed of who cannot prove that it holds it")
    func unproven() async throws {
        try await withKey { key in
            let peer = LocalPeer(bytes)
            try await peer.serve { address in
                try await withClient(key: key) { client in
                    await #expect(throws: PeerAnswerError.self) {
                        _ = try await client.pieces(
                            of: peer.digest, from: peer.identity.id, at: address, began: nil, since: 0)
                    }
                }
            }
        }
    }
}
