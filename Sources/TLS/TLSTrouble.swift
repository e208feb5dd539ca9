public import Discovery
import NIOSSL

/// Why no trust came about between this node and another, of those reasons that do not pass by themselves.
public enum TLSTrouble: Error, Hashable, Sendable {
    /// The other one speaks plain HTTP, and this node TLS.
    case speaksPlain
    /// The other one speaks TLS, and this node plain HTTP.
    case speaksTLS
    /// The other one has no certificate that leads to one that this node trusts, or one that is out of date or for something else.
    case untrusted
    /// The other one does not take this node's certificate.
    case refusesOurs
    /// The other one's certificate is another node's than the one that it is, or says that it is.
    case otherNode(certified: NodeID, claimed: NodeID)
    /// Nobody can tell which node the other one's certificate is for.
    case unclearNode(String)

    /// What an error of TLS means; nil for what may be better the next time.
    public init?(_ error: any Error) {
        switch error {
        case let error as TLSTrouble: self = error
        case NIOSSLError.handshakeFailed(let error): self.init(library: error)
        case let error as BoringSSLError: self.init(library: error)
        default: return nil
        }
    }

    /// BoringSSL names its reasons in text alone.
    private init?(library error: BoringSSLError) {
        guard case .sslError(let stack) = error else { return nil }
        let text = stack.map(\.description).joined(separator: " ")
        func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        if says("CERTIFICATE_VERIFY_FAILED", "PEER_DID_NOT_RETURN_A_CERTIFICATE") {
            self = .untrusted
        } else if says("WRONG_VERSION_NUMBER") {
            // What came was no TLS at all.
            self = .speaksPlain
        } else if says(
            "ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_UNSUPPORTED_CERTIFICATE", "ALERT_CERTIFICATE_",
            "CERTIFICATE_REQUIRED", "ALERT_NO_CERTIFICATE", "ALERT_ACCESS_DENIED", "ALERT_HANDSHAKE_FAILURE")
        {
            self = .refusesOurs
        } else {
            return nil
        }
    }
}

extension TLSTrouble {
    /// Troubles of one kind say the same but for what the other one claims, which it may choose anew each time.
    enum Kind: Hashable, Sendable {
        case speaksPlain, speaksTLS, untrusted, refusesOurs, otherNode, unclearNode
    }

    var kind: Kind {
        switch self {
        case .speaksPlain: .speaksPlain
        case .speaksTLS: .speaksTLS
        case .untrusted: .untrusted
        case .refusesOurs: .refusesOurs
        case .otherNode: .otherNode
        case .unclearNode: .unclearNode
        }
    }
}

extension TLSTrouble: CustomStringConvertible {
    /// What follows the other one's name.
    public var description: String {
        switch self {
        case .speaksPlain: "speaks plain HTTP, and this node speaks TLS to peers"
        case .speaksTLS: "speaks TLS to peers, and this node plain HTTP"
        case .untrusted: "has no certificate that this node trusts"
        case .refusesOurs: "does not accept this node's certificate"
        case .otherNode(let certified, let claimed): "has a certificate of node \(certified), and is node \(claimed)"
        case .unclearNode(let reason): "has a certificate that does not say which node it is for: \(reason)"
        }
    }

    /// What to do about it.
    public var mend: String {
        switch self {
        case .speaksPlain: "set [peers.tls] there, or take it away here"
        case .speaksTLS: "set [peers.tls] here, with a certificate of the same authority"
        case .untrusted:
            "its certificate must lead to one in peers.tls.ca, be in date, and be for servers and clients; so must this node's"
        case .refusesOurs:
            "this node's certificate must lead to one in peers.tls.ca there, be in date, and be for servers and clients"
        case .otherNode, .unclearNode:
            "have a certificate made for that node, or for none, and name it in peers.tls.cert"
        }
    }
}
