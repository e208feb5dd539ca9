/// Whether upstream hands a manifest of a repository to anybody, as far as it has said.
public enum Publicity: Sendable, Hashable {
    /// Nobody has asked.
    case unknown
    /// It does, and has said so within a day.
    case yes
    /// It did a while ago, and has not been asked since.
    case wasOnce
    case no
}

/// What is known of a manifest in a repository and of a client who wants it from the LAN or from this node's store, and what follows from
/// that with `share.private = "verify"`: a value without I/O.
struct PrivateStanding: Equatable, Sendable {
    var publicity = Publicity.unknown
    /// Upstream has lately let this client have it.
    var isConfirmed = false
    /// An index of the repository that this client may have names it, and it is known to be of the repository itself: any registry can make an
    /// index that names what is another's.
    var isNamed = false
    /// It is known to be of this repository: by this node's records, by the runtime's labels, or by the word of a holder of the cluster key; or
    /// the registry is one whose own word is enough. Another's is no proof that it has it: the client chose the registry, and a digest is no
    /// secret.
    var isOfRepository = false

    /// What to do.
    enum Step: Equatable, Sendable {
        /// The client may have it from anywhere.
        case admit
        /// Upstream is asked whether the client may.
        case ask
        /// Upstream is asked for the manifest itself, as the client: only who has it can give it.
        case fetch
    }

    /// What upstream said.
    enum Word: Equatable, Sendable {
        /// Anybody may have it.
        case anybody
        /// This client may.
        case client
        case no
        /// It could not be asked, or had no answer.
        case silence
    }

    var step: Step {
        if publicity == .yes || isConfirmed || isNamed { return .admit }
        // Of what is known whether it is public somebody has seen it there.
        return isOfRepository || publicity != .unknown ? .ask : .fetch
    }

    /// Whether the client may have it from the LAN after upstream was asked.
    func isAdmitted(on word: Word) -> Bool {
        switch word {
        case .anybody, .client: true
        case .no: false
        // While upstream is away the old answer stands. What was private stays so.
        case .silence: publicity == .wasOnce
        }
    }
}
