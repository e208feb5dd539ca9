public import TLS

/// Where a listener listens.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    public enum Endpoint: Sendable, Hashable {
        /// An IP literal, or `localhost`; port 0 takes a free one.
        case tcp(host: String, port: Int)
        /// A socket file and the mode that it gets.
        case unix(path: String, mode: UInt32)
    }

    public var endpoint: Endpoint
    /// Whether the listener does without it where it cannot be bound, with a warning: a default on a host without IPv6.
    public var isOptional: Bool
    /// A socket that listens there already, for TCP: the listener takes it over instead of binding one. Others may have it open, too.
    public var descriptor: CInt?
    /// Who the listener is to clients, which have to speak TLS there; nil: plain HTTP is spoken.
    public var tls: TLSIdentity?

    public init(
        _ endpoint: Endpoint, isOptional: Bool = false, descriptor: CInt? = nil, tls: TLSIdentity? = nil
    ) {
        self.endpoint = endpoint
        self.isOptional = isOptional
        self.descriptor = descriptor
        self.tls = tls
    }

    public var description: String {
        switch endpoint {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path, _): path
        }
    }
}

/// A listener that could not start.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// Somebody else listens there.
        case inUse
        /// The address is not this host's, or the port or path is not ours to take.
        case notAvailable
    }

    public var code: Code
    public var address: ListenAddress
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, address: ListenAddress, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.address = address
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}
