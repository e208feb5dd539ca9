import NIOHTTP1

/// Who may do what on the mirror: the rule of `push.htpasswd`.
///
/// From this machine everything is allowed. From elsewhere, without a file of users reads are as `mirror.allow_remote` has them and
/// writes are not allowed; with one every request needs a user, and since passwords are looked at over TLS only, over a plain
/// connection it is as if there were no users.
struct PushRule: Equatable {
    /// What the client showed.
    enum Credentials: Equatable, CaseIterable {
        case none
        /// A user and a password that nobody has looked at yet.
        case unchecked
        case right
        case wrong
    }

    enum Verdict: Equatable {
        case allowed
        /// 403; what to do is the message.
        case denied(String)
        /// 401: show a user of the file.
        case needsUser
        /// Ask whether the password is right, and then again.
        case check
    }

    /// Whether there is a file of users.
    var hasUsers: Bool

    func verdict(
        isLocal: Bool, isSecure: Bool, isWrite: Bool, credentials: @autoclosure () -> Credentials
    ) -> Verdict {
        guard !isLocal else { return .allowed }
        guard hasUsers else {
            return isWrite
                ? .denied(
                    "pushing and deleting is for this machine only; for others: mirror.tls_cert, mirror.tls_key and push.htpasswd"
                )
                : .allowed
        }
        guard isSecure else {
            return isWrite
                ? .denied(
                    "pushing and deleting from another machine needs TLS: use https://, and set mirror.tls_cert and mirror.tls_key"
                )
                : .allowed
        }
        switch credentials() {
        case .none, .wrong: return .needsUser
        case .unchecked: return .check
        case .right: return .allowed
        }
    }

    /// Whether a request would change something: all that is not known to read.
    static func isWrite(_ method: HTTPMethod) -> Bool {
        switch method {
        case .GET, .HEAD, .OPTIONS: false
        default: true
        }
    }
}
