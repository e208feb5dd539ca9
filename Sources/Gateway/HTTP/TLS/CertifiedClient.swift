import Discovery

/// An event: the client of this connection has shown a certificate that names its node.
struct CertifiedClient: Sendable {
    var node: NodeID
}
