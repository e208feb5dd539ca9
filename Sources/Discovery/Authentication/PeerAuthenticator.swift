import Integrity
import Synchronization

/// The server's half of peer authentication (docs/protocol.md): tells requests of the key's holders from others, and proves answers.
/// No secret crosses the wire and no wall clock is read. Safe from any thread.
public final class PeerAuthenticator: Sendable {
    public enum Verdict: Sendable, Equatable {
        /// The request comes from this holder of the key, now, and was not seen before.
        case accepted(NodeID)
        /// Answer 401 with a fresh `Shoal-Nonce`; the reason is for the log.
        case challenge(String)
    }

    static let nonceLifetime = Duration.seconds(600)
    static let ledgerLimit = 4096

    private let key: ClusterKey
    private let identity: NodeIdentity
    private let secret: [UInt8]
    private let start: ContinuousClock.Instant
    private let ledger: Mutex<NonceLedger>

    public convenience init(key: ClusterKey, identity: NodeIdentity) {
        self.init(key: key, identity: identity, ledgerLimit: Self.ledgerLimit, start: .now)
    }

    init(key: ClusterKey, identity: NodeIdentity, ledgerLimit: Int, start: ContinuousClock.Instant) {
        self.key = key
        self.identity = identity
        self.start = start
        // Of this start alone: nonces of an earlier one are worthless, and so are requests made with them.
        secret = SecureRandom.bytes(32)
        ledger = Mutex(
            NonceLedger(lifetime: UInt64(Self.nonceLifetime.wholeMilliseconds), limit: ledgerLimit))
    }

    /// A nonce for the `Shoal-Nonce` header. Nothing is remembered of it; it is good for ten minutes.
    public func challenge() -> String {
        challenge(now: .now)
    }

    func challenge(now: ContinuousClock.Instant) -> String {
        ServerNonce(salt: SecureRandom.bytes(8), milliseconds: milliseconds(now)).text(secret: secret)
    }

    /// - Parameters:
    ///   - authorization: the request's `Authorization` header.
    ///   - target: path and query as they stand in the request line.
    ///   - range: the request's `Range` header.
    public func verify(authorization: String?, method: String, target: String, range: String?) -> Verdict {
        verify(authorization: authorization, method: method, target: target, range: range, now: .now)
    }

    func verify(
        authorization: String?, method: String, target: String, range: String?, now: ContinuousClock.Instant
    ) -> Verdict {
        guard let authorization else { return .challenge("no Authorization") }
        guard let parsed = PeerAuthorization(header: authorization) else {
            return .challenge("an Authorization that is not Shoal's")
        }
        guard let nonce = ServerNonce(parsed.nonce, secret: secret) else {
            return .challenge("a nonce of another node, or of an earlier start of this one")
        }
        let isRight = key.all.contains { candidate in
            let code = PeerAuthorization.code(
                key: candidate.request, node: parsed.node, nonce: parsed.nonce, count: parsed.count, method: method,
                target: target, range: range)
            return HMACSHA256.isEqual(code, parsed.mac)
        }
        guard isRight else { return .challenge("a wrong code: another key, or a request that was changed") }
        let milliseconds = milliseconds(now)
        return ledger.withLock { ledger in
            guard ledger.isCurrent(nonce, now: milliseconds) else { return .challenge("an old nonce") }
            guard ledger.admit(parsed.count, of: nonce, by: parsed.node, now: milliseconds) else {
                return .challenge("a request that was seen before")
            }
            return .accepted(parsed.node)
        }
    }

    /// The `Shoal-Proof` header for an answer with this body.
    /// - Parameter clientNonce: the request's `Shoal-Challenge` header.
    public func proof(for clientNonce: String, body: [UInt8]) -> String {
        let mac = PeerProof.code(
            key: key.current.proof, node: identity.id, clientNonce: clientNonce, body: body)
        return PeerProof(node: identity.id, mac: mac).header
    }

    private func milliseconds(_ now: ContinuousClock.Instant) -> UInt64 {
        UInt64(max(0, (now - start).wholeMilliseconds))
    }
}
