import AsyncHTTPClient
import Discovery
import Integrity
import NIOCore
import NIOHTTP1
import NIOPosix
import OCI
import Testing

@testable import Transfer

/// What peers say.
private enum Words {
    static let one = "00112233445566778899aabbccddeeff"
    static let two = "ffeeddccbbaa99887766554433221100"

    static func report(
        size: Int64 = 8 << 20, began: Int = 7, since: Int = 0, _ arrivals: String = "", hasMore: Bool = false,
        fetching: String = "1"
    ) -> String {
        """
        {"schema":1,"size":\(size),"began":\(began),"since":\(since),"arrivals":[\(arrivals)],"has_more":\(hasMore),\
        "fetching":"\(fetching)","upstream":true,"later":"fields are ignored"}
        """
    }
}

/// What the client asks, and what it makes of answers, those of a hostile peer included.
@Suite("The client of peers", .timeLimit(.minutes(1)))
struct PeerClientTests {
    private let digest: Digest
    private let peer = NodeID.random()
    private let own = NodeID.random()

    init() throws {
        digest = try Digest("sha256:" + String(repeating: "1", count: 64))
    }

    private var blobPath: String { "/v1/blobs/\(digest)" }
    private var piecesPath: String { "/v1/pieces/\(digest)" }
    private var chainPath: String { "/v1/chain/\(digest)" }

    private func withPeer(
        _ patience: PeerPatience = .long, _ body: (StubRegistry, PeerClient, PeerAddress) async throws -> Void
    ) async throws {
        try await StubRegistry.with { stub in
            let client = PeerClient(
                group: .singletonMultiThreadedEventLoopGroup, node: own, signer: nil, patience: patience)
            do {
                try await body(stub, client, PeerAddress(host: "127.0.0.1", port: stub.port))
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
    }

    // MARK: Blobs

    @Test(
        "Who takes a blob in pieces says who it is, and how long it would wait",
        arguments: [
            (nil, nil, nil), (.zero, nil, true), (.milliseconds(1500), "wait=2", true), (.seconds(60), "wait=15", true),
        ] as [(Duration?, String?, Bool?)])
    func headers(wait: Duration?, preference: String?, names: Bool?) async throws {
        try await withPeer { stub, client, address in
            stub.route(blobPath) { _ in StubResponse(206, [("Content-Range", "bytes 2-5/10")], body: [2, 3, 4, 5]) }
            let answer = try await client.blob(digest, of: peer, at: address, range: 2..<6, wait: wait)
            #expect(answer.offset == 2 && answer.length == 4 && answer.total == 10)
            let body = try await answer.body.collect(upTo: 10)
            #expect(Array(body.readableBytesView) == [2, 3, 4, 5])
            let headers = try #require(stub.requests.first?.headers)
            #expect(headers.first(name: "Range") == "bytes=2-5")
            #expect(headers.first(name: "Prefer") == preference)
            #expect(headers.first(name: "Shoal-Node") == (names == true ? own.hex : nil))
        }
    }

    @Test(
        "A refusal says what is there instead, when to come again, and who else has it",
        arguments: [
            (404, [], PeerAnswerError.status(404)), (404, [("Shoal-Pieces", "0-3,7")], .missing(pieces: "0-3,7")),
            (404, [("Shoal-Pieces", "")], .missing(pieces: "")),
            (404, [("Shoal-Pieces", String(repeating: "1,", count: 4000))], .missing(pieces: "")),
            (503, [], .busy(retryAfter: nil, holders: [])),
            (503, [("Retry-After", "2")], .busy(retryAfter: .seconds(2), holders: [])),
            (
                503, [("Shoal-Holders", "\(Words.one), x,\(Words.two)")],
                .busy(retryAfter: nil, holders: [Words.one, Words.two].compactMap { NodeID(hex: $0) })
            ),
            (
                503, [("Shoal-Holders", Array(repeating: Words.one, count: 20).joined(separator: ","))],
                .busy(retryAfter: nil, holders: Array(repeating: Words.one, count: 8).compactMap { NodeID(hex: $0) })
            ),
            (416, [("Shoal-Pieces", "1")], .status(416)), (500, [], .status(500)),
        ] as [(Int, [(String, String)], PeerAnswerError)])
    func refusals(status: Int, headers: [(String, String)], error: PeerAnswerError) async throws {
        try await withPeer { stub, client, address in
            stub.route(blobPath) { _ in .text(status, "{}", headers) }
            await #expect(throws: error) {
                _ = try await client.blob(digest, of: peer, at: address, range: 0..<4, wait: .seconds(1))
            }
        }
    }

    @Test("A refusal costs no connection")
    func connections() async throws {
        try await withPeer { stub, client, address in
            stub.route(blobPath) { _ in .text(404, "{}", [("Shoal-Pieces", "1")]) }
            for _ in 0..<5 {
                await #expect(throws: PeerAnswerError.missing(pieces: "1")) {
                    _ = try await client.blob(digest, of: peer, at: address, range: 0..<4, wait: .zero)
                }
            }
            #expect(stub.connections == 1)
        }
    }

    // MARK: Pieces

    @Test("A report is asked for what is not known yet, and read with checksums and origins")
    func reads() async throws {
        try await withPeer { stub, client, address in
            let sum = String(repeating: "ab", count: 32)
            stub.route(piecesPath) { request in
                let arrivals = #"{"piece":0},{"piece":1,"sum":"\#(sum)","from":"\#(Words.one)"}"#
                return .text(200, Words.report(since: request.query.isEmpty ? 0 : 3, arrivals))
            }
            let first = try await client.pieces(of: digest, from: peer, at: address, began: nil, since: 0)
            #expect(first.began == 7 && first.size == 8 << 20 && first.fetching == "1" && first.upstream)
            #expect(first.arrivals.map(\.piece) == [0, 1])
            #expect(first.arrivals[0].sum == nil && first.arrivals[0].origin == nil)
            #expect(first.arrivals[1].sum == PieceSum(bytes: [UInt8](repeating: 0xab, count: 32)))
            #expect(first.arrivals[1].origin == NodeID(hex: Words.one))
            _ = try await client.pieces(of: digest, from: peer, at: address, began: 7, since: 3)
            #expect(stub.requests.map(\.target) == [piecesPath, piecesPath + "?began=7&since=3"])
            #expect(stub.requests.allSatisfy { $0.headers.first(name: "Shoal-Node") == own.hex })
        }
    }

    @Test(
        "A report that cannot be is not believed",
        arguments: [
            Words.report(size: -1), Words.report(since: 1), Words.report(began: 8, since: 3),
            Words.report(since: 3, #"{"piece":2}"#),
            Words.report(since: 3, #"{"piece":-1}"#), Words.report(since: 3, hasMore: true),
            Words.report(since: 3, Array(repeating: #"{"piece":0}"#, count: 1025).joined(separator: ",")),
            Words.report(since: 3, fetching: String(repeating: "1,", count: 2100)),
        ])
    func impossible(text: String) async throws {
        try await withPeer { stub, client, address in
            stub.route(piecesPath) { _ in .text(200, text) }
            await #expect(throws: PeerAnswerError.self) {
                _ = try await client.pieces(of: digest, from: peer, at: address, began: 7, since: 3)
            }
        }
    }

    @Test(
        "A report that cannot be read is an error",
        arguments: [
            "", "{}", "[]", Words.report(#"{"piece":0,"sum":"ab"}"#), Words.report(#"{"piece":0,"from":"me"}"#),
            Words.report(fetching: String(repeating: " ", count: 300 << 10)),
        ])
    func unreadable(text: String) async throws {
        try await withPeer { stub, client, address in
            stub.route(piecesPath) { _ in .text(200, text) }
            await #expect(throws: (any Error).self) {
                _ = try await client.pieces(of: digest, from: peer, at: address, began: nil, since: 0)
            }
        }
    }

    @Test("A log that began anew is read from its beginning")
    func anew() async throws {
        try await withPeer { stub, client, address in
            stub.route(piecesPath) { _ in .text(200, Words.report(began: 8, since: 0)) }
            let report = try await client.pieces(of: digest, from: peer, at: address, began: 7, since: 3)
            #expect(report.began == 8 && report.since == 0)
        }
    }

    @Test("A peer that says nothing of its pieces is not waited for")
    func mute() async throws {
        var patience = PeerPatience.long
        patience.report = .milliseconds(50)
        try await withPeer(patience) { stub, client, address in
            stub.script(piecesPath, [.mute])
            // The client's own clock and the caller's run at the same time; either may be the first.
            let error = await #expect(throws: (any Error).self) {
                _ = try await client.pieces(of: digest, from: peer, at: address, began: nil, since: 0)
            }
            #expect(error is DeadlineError || error as? HTTPClientError == .deadlineExceeded)
        }
    }

    @Test("Where the blob is not arriving the answer is 404")
    func notArriving() async throws {
        try await withPeer { _, client, address in
            await #expect(throws: PeerAnswerError.status(404)) {
                _ = try await client.pieces(of: digest, from: peer, at: address, began: nil, since: 0)
            }
        }
    }

    // MARK: Chains

    @Test("A chain is read as far as the peer knows it", arguments: [0, 1, 2])
    func chain(states: Int) async throws {
        try await withPeer { stub, client, address in
            let encoded = (0..<states * 32).map { UInt8(truncatingIfNeeded: $0) }
            stub.route(chainPath) { _ in StubResponse(200, [("Content-Type", HashChain.mediaType)], body: encoded) }
            let read = try await client.chain(of: digest, size: 10 << 20, from: peer, at: address)
            #expect(read.encoded == encoded)
            #expect(read.isComplete == (states == 2))
        }
    }

    @Test("What is no chain of this blob is an error", arguments: [1, 33, 96, 64 << 10])
    func noChain(count: Int) async throws {
        try await withPeer { stub, client, address in
            stub.route(chainPath) { _ in StubResponse(200, body: [UInt8](repeating: 1, count: count)) }
            await #expect(throws: (any Error).self) {
                _ = try await client.chain(of: digest, size: 10 << 20, from: peer, at: address)
            }
        }
    }

    @Test("Nobody is asked for chains of other digests than SHA-256's")
    func otherAlgorithm() async throws {
        try await withPeer { stub, client, address in
            let digest = try Digest("sha512:" + String(repeating: "1", count: 128))
            await #expect(throws: ChainError.self) {
                _ = try await client.chain(of: digest, size: 10 << 20, from: peer, at: address)
            }
            #expect(stub.requests.isEmpty)
        }
    }
}
