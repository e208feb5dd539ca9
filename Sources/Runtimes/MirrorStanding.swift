/// What a runtime's configuration says of the mirror for one registry.
public enum MirrorStanding: String, Sendable, Equatable {
    /// The runtime asks the mirror before anybody else.
    case first
    /// The mirror is named, and asked after others.
    case behindOthers
    /// The runtime does not know the mirror for this registry.
    case absent
    /// The file cannot be read or parsed; what the runtime makes of it is not known.
    case unreadable
}
