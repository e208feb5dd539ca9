internal import AsyncHTTPClient
public import Discovery
import FoundationEssentials
public import NIOCore
import NIOHTTP1
import OCI

/// The HTTP side of being somebody's peer: blobs, inventories and introductions, authenticated where there is a cluster key.
///
/// Bounds: connecting takes at most 150 ms (a second address of a peer is tried then, and no third), silence in an answer 5 s, a document 8 MiB. Redirects are not followed.
public final class PeerClient: Sendable {
    static let connectTimeout: TimeAmount = .milliseconds(150)
    static let idleTimeout: TimeAmount = .seconds(5)
    static let documentLimit = 8 << 20
    static let receiveBuffer = 256 << 10

    private let client: HTTPClient
    private let signer: PeerSigner?

    /// - Parameter signer: proves this node to peers; nil without a cluster key.
    public init(group: any EventLoopGroup, signer: PeerSigner?) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: Self.connectTimeout, read: Self.idleTimeout),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.connectionPool.retryConnectionEstablishment = false
        // Large receive buffers of a fixed size halve the cost of a body.
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.receiveBuffer))
        }
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        self.signer = signer
    }

    public func shutdown() async {
        try? await client.shutdown()
    }

    /// Opens a blob, or a range of it, at one address of a peer.
    func blob(_ digest: Digest, of peer: NodeID, at address: PeerAddress, range: Range<Int64>?) async throws -> PeerBlob
    {
        let rangeHeader = range.map { "bytes=\($0.lowerBound)-\($0.upperBound == .max ? "" : "\($0.upperBound - 1)")" }
        let response = try await send(
            "/v1/blobs/\(digest)", to: peer, at: address, range: rangeHeader, timeout: .seconds(5))
        return try PeerBlob(response, asked: range)
    }

    // MARK: Requests

    /// Sends a GET; where the peer asks for proof of the key, once more with it.
    private func send(
        _ target: String, to peer: NodeID, at address: PeerAddress, range: String? = nil, challenge: String? = nil,
        coding: String? = nil, timeout: TimeAmount
    ) async throws -> HTTPClientResponse {
        var mayRetry = signer != nil
        while true {
            var request = HTTPClientRequest(url: "http://\(address)\(target)")
            request.headers.add(name: "User-Agent", value: "shoal")
            if let range { request.headers.add(name: "Range", value: range) }
            if let challenge { request.headers.add(name: "Shoal-Challenge", value: challenge) }
            if let coding { request.headers.add(name: "Accept-Encoding", value: coding) }
            if let authorization = signer?.authorization(for: peer, method: "GET", target: target, range: range) {
                request.headers.add(name: "Authorization", value: authorization)
            } else if let signer, mayRetry {
                try await introduce(signer, to: peer, at: address)
                mayRetry = false
                continue
            }
            let response = try await client.execute(request, timeout: timeout)
            guard response.status == .unauthorized, mayRetry, let signer else { return response }
            mayRetry = false
            if let nonce = response.headers.first(name: "Shoal-Nonce") {
                signer.learn(nonce: nonce, for: peer)
            } else {
                try await introduce(signer, to: peer, at: address)
            }
        }
    }

    /// Fetches a nonce from a peer, and makes sure on the way that it holds the key.
    private func introduce(_ signer: PeerSigner, to peer: NodeID, at address: PeerAddress) async throws {
        let document = try await node(at: address)
        guard document.id == peer else {
            throw PeerAnswerError.wrong("\(address) is node \(document.id), not \(peer)")
        }
    }

    private func collect(_ response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
        guard response.status == .ok else { throw PeerAnswerError.status(Int(response.status.code)) }
        let buffer = try await response.body.collect(upTo: limit)
        return Array(buffer.readableBytesView)
    }
}

extension PeerClient: PeerInquiry {
    /// Asks a node who it is; with a cluster key the answer must prove that the node holds it.
    public func node(at address: PeerAddress) async throws -> NodeDocument {
        var request = HTTPClientRequest(url: "http://\(address)/v1/node")
        request.headers.add(name: "User-Agent", value: "shoal")
        let clientNonce = signer?.newClientNonce()
        if let clientNonce { request.headers.add(name: "Shoal-Challenge", value: clientNonce) }
        let response = try await client.execute(request, timeout: .seconds(5))
        let body = try await collect(response, limit: 64 << 10)
        let document = try JSONDecoder().decode(NodeDocument.self, from: Data(body))
        if let signer, let clientNonce {
            guard let proof = response.headers.first(name: "Shoal-Proof"),
                signer.prover(of: proof, clientNonce: clientNonce, body: body) == document.id
            else { throw PeerAnswerError.wrong("\(address) does not hold this cluster's key") }
            if let nonce = response.headers.first(name: "Shoal-Nonce") { signer.learn(nonce: nonce, for: document.id) }
        }
        return document
    }

    public func inventory(
        at address: PeerAddress, of peer: NodeID, epoch: UInt64?, since: UInt64?, next: String?
    ) async throws -> InventoryPage {
        var query: [String] = []
        if let epoch { query.append("epoch=\(epoch)") }
        if let since { query.append("since=\(since)") }
        if let next { query.append("next=\(next)") }
        let target = "/v1/inventory" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let clientNonce = signer?.newClientNonce()
        let response = try await send(
            target, to: peer, at: address, challenge: clientNonce, coding: PeerDocument.accepted, timeout: .seconds(10))
        let body = try await collect(response, limit: Self.documentLimit)
        // Tags are believed on the word of the key's holders: the answer itself must come from one.
        if let signer, let clientNonce {
            guard let proof = response.headers.first(name: "Shoal-Proof"),
                signer.prover(of: proof, clientNonce: clientNonce, body: body) == peer
            else { throw PeerAnswerError.wrong("the inventory of \(address) carries no proof of the cluster key") }
        }
        let document = try PeerDocument.plain(body, headers: response.headers, limit: Self.documentLimit)
        return try JSONDecoder().decode(InventoryPage.self, from: Data(document))
    }
}

/// A peer's answer that cannot be used.
enum PeerAnswerError: Error, CustomStringConvertible {
    case status(Int)
    case wrong(String)

    var description: String {
        switch self {
        case .status(let code): "the peer answered \(code)"
        case .wrong(let message): message
        }
    }
}
