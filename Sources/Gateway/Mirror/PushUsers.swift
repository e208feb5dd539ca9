/// The users who may push from other machines.
public protocol PushUsers: Sendable {
    /// Whether the password is the user's.
    /// - Parameter address: whose guesses are counted.
    func check(_ credentials: BasicCredentials, from address: String) async -> PushUserVerdict
}

/// What became of a password.
public enum PushUserVerdict: Sendable, Equatable {
    case right
    /// There is no such user, or that is not the password; which of them is not told.
    case wrong
    /// Not looked at: there were too many wrong ones from there, or there are too many at once.
    case later(seconds: Int)
}
