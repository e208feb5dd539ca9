public import Discovery
public import NIOSSL

/// Which node a certificate is for: what its URI names of the form `urn:shoal:node:<32 hexadecimal digits>` say.
///
/// A certificate without such a name is good for any node. One whose name cannot be read, or that has two, is good for none: whoever
/// made it meant one.
public enum CertifiedNode: Sendable, Hashable {
    case anyNode
    case node(NodeID)
    /// Why nobody can tell.
    case unclear(String)

    static let prefix = "urn:shoal:node:"

    /// What a certificate says. Whether it may be believed is another question.
    public init(_ certificate: NIOSSLCertificate) {
        self.init(
            uris: certificate._subjectAlternativeNames().filter { $0.nameType == .uri }.map { name in
                String(decoding: name.contents, as: UTF8.self)
            })
    }

    /// - Parameter uris: the URIs among a certificate's alternative names (RFC 5280 §4.2.1.6).
    init(uris: [String]) {
        // RFC 8141 §3.1: the words before the last colon count in either case.
        let names = uris.filter { $0.lowercased().hasPrefix(Self.prefix) }
        guard let first = names.first else {
            self = .anyNode
            return
        }
        guard let node = NodeID(hex: first.dropFirst(Self.prefix.count)) else {
            self = .unclear("\(Self.prefix) must be followed by the 32 hexadecimal digits of a node id")
            return
        }
        guard names.allSatisfy({ NodeID(hex: $0.dropFirst(Self.prefix.count)) == node }) else {
            self = .unclear("it names more than one node")
            return
        }
        self = .node(node)
    }

    /// Whether who shows this certificate may be that node.
    public func admits(_ node: NodeID) -> Bool {
        switch self {
        case .anyNode: true
        case .node(let named): named == node
        case .unclear: false
        }
    }

    /// The node that it names.
    public var node: NodeID? {
        if case .node(let node) = self { node } else { nil }
    }
}
