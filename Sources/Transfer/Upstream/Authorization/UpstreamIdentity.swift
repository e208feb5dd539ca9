public import OCI

/// As whom a registry is asked.
public enum UpstreamIdentity: Sendable, Hashable {
    /// This node: with its credentials for the registry, where it has some.
    case node
    /// Nobody: as anybody could ask.
    case anybody
    /// A client of the mirror, with what it sent and nothing of this node's.
    case client(ClientAuthorization)

    /// Who a request comes from.
    /// - Parameters:
    ///   - authorization: what the client sent; nil: nothing.
    ///   - namesRegistry: whether the client said itself which registry it means. Where it did not, what it sent must not go to one that
    ///     was only found for it.
    public init(_ authorization: ClientAuthorization?, namesRegistry: Bool) {
        guard let authorization else {
            self = .node
            return
        }
        self = namesRegistry ? .client(authorization) : .anybody
    }
}
