import OCI
import Synchronization

/// What may be offered of content that is still arriving: what images are made of that may be offered.
final class ArrivingContent: Sendable {
    private struct State {
        var policy: SharePolicy
        var parts: Set<Digest> = []
        var known: Set<Digest> = []
    }

    private let state: Mutex<State>

    init(policy: SharePolicy) {
        state = Mutex(State(policy: policy))
    }

    /// Whether others may know of a blob that is being fetched from these repositories, and have its pieces.
    func mayBeShared(_ digest: Digest, _ origins: [Origin]) -> Bool {
        state.withLock { state in
            state.parts.contains(digest) || !state.known.contains(digest) && state.policy.allowsUnknown(origins)
        }
    }

    /// - Returns: whether more may be shared than before.
    func update(_ offer: SharePolicy.Offer, policy: SharePolicy) -> Bool {
        state.withLock { state in
            defer { state = State(policy: policy, parts: offer.parts, known: offer.knownParts) }
            return state.parts != offer.parts || state.known != offer.knownParts || state.policy != policy
        }
    }
}
