import Integrity
import Synchronization

/// The client's half of peer authentication (docs/protocol.md): signs requests with the nonces that servers gave, and checks their
/// proofs. Safe from any thread.
public final class PeerSigner: Sendable {
    /// A little less than servers keep them, so that a request in flight does not come too late.
    static let nonceLifetime = Duration.seconds(540)
    static let remembered = 4096

    private struct Grant: Sendable {
        var nonce: String
        var count: UInt64 = 0
        var learnt: ContinuousClock.Instant
    }

    private let key: ClusterKey
    private let identity: NodeIdentity
    private let grants = Mutex<[NodeID: Grant]>([:])

    public init(key: ClusterKey, identity: NodeIdentity) {
        self.key = key
        self.identity = identity
    }

    /// The `Authorization` header for one request; nil where a nonce has to be fetched from the peer first (any answer
    /// of `GET /v1/node`, and any 401, brings one). Every call makes a new one: a request that is sent again is signed again.
    public func authorization(for peer: NodeID, method: String, target: String, range: String?) -> String? {
        authorization(for: peer, method: method, target: target, range: range, now: .now)
    }

    func authorization(
        for peer: NodeID, method: String, target: String, range: String?, now: ContinuousClock.Instant
    ) -> String? {
        let grant = grants.withLock { grants -> Grant? in
            guard var grant = grants[peer] else { return nil }
            guard now - grant.learnt < Self.nonceLifetime else {
                grants[peer] = nil
                return nil
            }
            grant.count += 1
            grants[peer] = grant
            return grant
        }
        guard let grant else { return nil }
        let mac = PeerAuthorization.code(
            key: key.current.request, node: identity.id, nonce: grant.nonce, count: grant.count, method: method,
            target: target, range: range)
        return PeerAuthorization(node: identity.id, nonce: grant.nonce, count: grant.count, mac: mac).header
    }

    /// Takes up a peer's `Shoal-Nonce`.
    public func learn(nonce: String, for peer: NodeID) {
        learn(nonce: nonce, for: peer, now: .now)
    }

    func learn(nonce: String, for peer: NodeID, now: ContinuousClock.Instant) {
        guard nonce.utf8.count == ServerNonce.digits, Hex.bytes(nonce) != nil else { return }
        grants.withLock { grants in
            // The same nonce once more must not begin its count anew.
            guard grants[peer]?.nonce != nonce else { return }
            if grants[peer] == nil, grants.count >= Self.remembered,
                let oldest = grants.min(by: { $0.value.learnt < $1.value.learnt })
            {
                grants[oldest.key] = nil
            }
            grants[peer] = Grant(nonce: nonce, learnt: now)
        }
    }

    /// A nonce for the `Shoal-Challenge` header; new for each request.
    public func newClientNonce() -> String {
        Hex.string(SecureRandom.bytes(16))
    }

    /// Whether a `Shoal-Proof` says that a holder of the key made this answer to this request.
    public func check(proof: String, clientNonce: String, body: [UInt8]) -> Bool {
        prover(of: proof, clientNonce: clientNonce, body: body) != nil
    }

    /// Which holder of the key made this answer to this request; nil where none did.
    public func prover(of proof: String, clientNonce: String, body: [UInt8]) -> NodeID? {
        guard let proof = PeerProof(header: proof) else { return nil }
        let isRight = key.all.contains { candidate in
            let code = PeerProof.code(key: candidate.proof, node: proof.node, clientNonce: clientNonce, body: body)
            return HMACSHA256.isEqual(code, proof.mac)
        }
        return isRight ? proof.node : nil
    }
}
