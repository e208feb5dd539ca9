public import OCI

/// Why upstream did not give what it was asked for.
public struct UpstreamError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// Upstream says that there is no such thing.
        case notFound
        /// Upstream wants credentials that the agent does not have, or does not take those it has.
        case needsCredentials
        /// Upstream knows who asks, and says no.
        case denied
        /// Upstream could not be reached just now, or within the last 30 s.
        case unreachable
        /// Upstream asks to be left alone for a while.
        case throttled
        /// The answer broke off or made no sense; another try may help.
        case broken
        /// This agent will not ask there: see the message for the configuration that would let it.
        case notAllowed
        /// The blob has no such range.
        case rangeUnsatisfiable
    }

    public var code: Code
    /// What happened, where, and what to do.
    public var message: String
    public var registry: RegistryName
    /// How long upstream asks to be left alone.
    public var retryAfter: Duration?
    /// The same request may be answered otherwise a little later.
    var isTransient = false

    public init(code: Code, message: String, registry: RegistryName, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.registry = registry
        self.retryAfter = retryAfter
    }

    public var description: String { message }
}
