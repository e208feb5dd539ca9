import NIOHTTP1
import OCI

/// Who can reach an admin listener, and by which names.
public enum AdminAccess: Sendable, Equatable {
    /// The Unix socket: whom the file's mode lets in.
    case socket
    /// TCP on loopback.
    case loopback
    /// TCP on an address that others reach, which the operator chose.
    case remote

    /// What a listener on the address admits.
    public init(_ endpoint: ListenEndpoint) {
        self = endpoint.isLoopback ? .loopback : .remote
    }

    /// Whether a request by this `Host` is answered. On loopback only loopback's names are: a web page whose name was made
    /// to resolve to loopback (DNS rebinding) must not read what this node holds.
    func admits(host: String?) -> Bool {
        guard self == .loopback, let host else { return true }
        guard let name = try? RegistryName(host) else { return false }
        // Of names just the one: those below it are made up by whoever likes.
        return name.isLoopback && !name.host.hasSuffix(".localhost")
    }
}
