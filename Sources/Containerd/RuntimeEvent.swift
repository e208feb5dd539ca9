public import OCI

/// Something that has happened in containerd. A reason to look; what is there now, only a look tells.
public struct RuntimeEvent: Hashable, Sendable {
    /// What happened to what.
    public enum Subject: Hashable, Sendable {
        case imageCreated(String)
        case imageUpdated(String)
        case imageDeleted(String)
        case contentCreated(Digest)
        case contentDeleted(Digest)
        case namespaceChanged(String)
        /// Of no meaning here, or of none that is known.
        case other(topic: String)
    }

    /// Where it happened.
    public var namespace: String
    public var subject: Subject

    /// Puts the parts together.
    public init(namespace: String, subject: Subject) {
        self.namespace = namespace
        self.subject = subject
    }

    /// - Parameter name: of what it is about: each message begins with it.
    init(namespace: String, topic: String, name: String) {
        self.namespace = namespace
        subject =
            switch (topic, try? Digest(name)) {
            case ("/images/create", _) where !name.isEmpty: .imageCreated(name)
            case ("/images/update", _) where !name.isEmpty: .imageUpdated(name)
            case ("/images/delete", _) where !name.isEmpty: .imageDeleted(name)
            case ("/content/create", let digest?): .contentCreated(digest)
            case ("/content/delete", let digest?): .contentDeleted(digest)
            case ("/namespaces/create", _), ("/namespaces/update", _), ("/namespaces/delete", _):
                .namespaceChanged(name)
            default: .other(topic: topic)
            }
    }
}
