import CAvahi

/// What Avahi's client library did not do, and why.
struct AvahiError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Avahi's own number.
    let code: Int32
    /// What was being done, as in “publish the service”.
    let attempt: String

    init(_ code: Int32, _ attempt: String) {
        self.code = code
        self.attempt = attempt
    }

    /// The session was closed before.
    static func closed(_ attempt: String) -> AvahiError { AvahiError(Int32(AVAHI_ERR_BAD_STATE), attempt) }

    var reason: String { String(cString: avahi_strerror(code)) }

    var description: String { "cannot \(attempt): \(reason) (Avahi \(code))" }
}
