internal import AsyncHTTPClient
public import Discovery
import FoundationEssentials
public import NIOCore
import NIOHTTP1
import OCI
public import TLS

/// The HTTP side of being somebody's peer: blobs, inventories and introductions, authenticated where there is a cluster key, encrypted
/// where there is a certificate.
///
/// Bounds: connecting takes at most 150 ms (a second address of a peer is tried then, and no third), over TLS 3 s where the machine is
/// there, the head of an answer 5 s beyond what was asked to be waited for, silence in a body 5 s, a document 8 MiB; a machine that is gone
/// is noticed in 300 ms (``DeadPeerHandler``, ``PeerTransport``). Redirects are not followed.
public final class PeerClient: Sendable {
    static let documentLimit = 8 << 20
    /// Of an answer that only says why there is none.
    static let refusalLimit = 16 << 10

    private let transport: PeerTransport
    private let node: NodeID?
    private let signer: PeerSigner?
    let patience: PeerPatience

    /// - Parameters:
    ///   - node: this one, as peers are told who takes part in a swarm.
    ///   - signer: proves this node to peers; nil without a cluster key.
    ///   - tls: this node's certificate, and whose others must be; nil: peers are spoken to in plain HTTP.
    ///   - troubles: told of peers with which no trust comes about.
    public convenience init(
        group: any EventLoopGroup, node: NodeID?, signer: PeerSigner?, tls: TLSIdentity? = nil,
        troubles: TLSTroubles? = nil
    ) {
        self.init(
            group: group, node: node, signer: signer, tls: tls, troubles: troubles, patience: PeerPatience())
    }

    init(
        group: any EventLoopGroup, node: NodeID?, signer: PeerSigner?, tls: TLSIdentity? = nil,
        troubles: TLSTroubles? = nil, patience: PeerPatience, pulses: MachinePulses = MachinePulses()
    ) {
        transport = PeerTransport(
            group: group, tls: tls, troubles: troubles, patience: patience, pulses: pulses)
        self.node = node
        self.signer = signer
        self.patience = patience
    }

    public func shutdown() async {
        await transport.shutdown()
    }

    /// Where a body is best received.
    func executor() -> any TaskExecutor { transport.executor() }

    /// Opens a blob, or a range of it, at one address of a peer.
    ///
    /// - Parameter wait: nil where the blob is taken from one peer. Else it is taken in pieces from many, and the peer is told who asks;
    ///   it may then let the request wait so long for bytes that are on their way to it, at most ``WaitPreference/longest`` seconds.
    /// - Throws: ``PeerAnswerError`` with `.missing` where these bytes have not arrived there, `.busy` where it has no time.
    func blob(
        _ digest: Digest, of peer: NodeID, at address: PeerAddress, range: Range<Int64>?, wait: Duration? = nil
    ) async throws -> PeerBlob {
        let rangeHeader = range.map { "bytes=\($0.lowerBound)-\($0.upperBound == .max ? "" : "\($0.upperBound - 1)")" }
        let preference = wait.flatMap { WaitPreference($0) }
        var headers = wait == nil ? [:] : introduction
        if let preference { headers.add(name: "Prefer", value: preference.header) }
        let response = try await send(
            "/v1/blobs/\(digest)", to: peer, at: address, range: rangeHeader, headers: headers,
            timeout: patience.head + (preference?.duration ?? .zero))
        guard response.status == .ok || response.status == .partialContent else { throw await refusal(response) }
        return try PeerBlob(response, asked: range)
    }

    // MARK: Requests

    /// Sends a GET; where the peer asks for proof of the key, once more with it.
    /// - Throws: ``TLSTrouble`` where who answers shows a certificate of another node.
    func send(
        _ target: String, to peer: NodeID, at address: PeerAddress, range: String? = nil, headers: HTTPHeaders = [:],
        timeout: Duration
    ) async throws -> HTTPClientResponse {
        var mayRetry = signer != nil
        while true {
            var headers = headers
            if let range { headers.add(name: "Range", value: range) }
            if let authorization = signer?.authorization(for: peer, method: "GET", target: target, range: range) {
                headers.add(name: "Authorization", value: authorization)
            } else if let signer, mayRetry {
                try await introduce(signer, to: peer, at: address)
                mayRetry = false
                continue
            }
            let (response, certified) = try await transport.get(
                target, at: address, headers: headers, timeout: timeout)
            try transport.check(certified, is: peer, at: address)
            guard response.status == .unauthorized, mayRetry, let signer else { return response }
            mayRetry = false
            _ = await refusal(response)
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

    /// Who asks, in a header of its own.
    var introduction: HTTPHeaders {
        node.map { ["Shoal-Node": $0.hex] } ?? [:]
    }

    /// What an answer says that gives nothing. Its body is read, if it is short and soon here, so that the connection is good for the
    /// next request.
    func refusal(_ response: HTTPClientResponse) async -> PeerAnswerError {
        _ = try? await withDeadline(.now + patience.refusal) {
            try await response.body.collect(upTo: Self.refusalLimit)
        }
        return PeerAnswerError(response)
    }

    func collect(_ response: HTTPClientResponse, limit: Int) async throws -> [UInt8] {
        guard response.status == .ok else { throw await refusal(response) }
        let buffer = try await response.body.collect(upTo: limit)
        return Array(buffer.readableBytesView)
    }

    /// A nonce for `Shoal-Challenge`; nil without a cluster key.
    func newClientNonce() -> String? { signer?.newClientNonce() }

    /// Whether an answer is this peer's own; without a cluster key nobody can tell, and all are taken.
    func isProven(_ response: HTTPClientResponse, _ body: [UInt8], by peer: NodeID, clientNonce: String?) -> Bool {
        guard let signer, let clientNonce else { return true }
        guard let proof = response.headers.first(name: "Shoal-Proof") else { return false }
        return signer.prover(of: proof, clientNonce: clientNonce, body: body) == peer
    }
}

extension PeerClient: PeerInquiry {
    /// Asks a node who it is; with a cluster key the answer must prove that the node holds it, and a certificate must be for that node.
    public func node(at address: PeerAddress) async throws -> NodeDocument {
        var headers = HTTPHeaders()
        let clientNonce = signer?.newClientNonce()
        if let clientNonce { headers.add(name: "Shoal-Challenge", value: clientNonce) }
        let (response, certified) = try await transport.get(
            "/v1/node", at: address, headers: headers, timeout: .seconds(5))
        let body = try await collect(response, limit: 64 << 10)
        let document = try JSONDecoder().decode(NodeDocument.self, from: Data(body))
        try transport.check(certified, is: document.id, at: address)
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
        let clientNonce = newClientNonce()
        var headers: HTTPHeaders = ["Accept-Encoding": PeerDocument.accepted]
        if let clientNonce { headers.add(name: "Shoal-Challenge", value: clientNonce) }
        let response = try await send(target, to: peer, at: address, headers: headers, timeout: .seconds(10))
        let body = try await collect(response, limit: Self.documentLimit)
        // Tags are believed on the word of the key's holders: the answer itself must come from one.
        guard isProven(response, body, by: peer, clientNonce: clientNonce) else {
            throw PeerAnswerError.wrong("the inventory of \(address) carries no proof of the cluster key")
        }
        let document = try PeerDocument.plain(body, headers: response.headers, limit: Self.documentLimit)
        return try JSONDecoder().decode(InventoryPage.self, from: Data(document))
    }
}
