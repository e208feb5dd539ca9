public import SystemPackage

/// The files of a certificate, PEM all, and what the operator calls them.
public struct TLSFiles: Sendable, Hashable {
    /// A file that the configuration names.
    public struct File: Sendable, Hashable, CustomStringConvertible {
        public var path: FilePath
        /// The key that names it, such as `mirror.tls_cert`: where errors say that something must be mended.
        public var key: String

        public init(_ path: FilePath, key: String) {
            self.path = path
            self.key = key
        }

        public var description: String { "\(key): \(path)" }
    }

    /// The own certificate first, then those that lead to one that the other side trusts.
    public var certificate: File
    /// The first certificate's key, without a passphrase.
    public var privateKey: File
    /// Whose certificates the other side must have: those that sign themselves. Nil: the other side needs none.
    public var authority: File?

    public init(certificate: File, privateKey: File, authority: File? = nil) {
        self.certificate = certificate
        self.privateKey = privateKey
        self.authority = authority
    }
}

/// A certificate or key that cannot be used.
public struct TLSFileError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// A file is missing, too large, or not the agent's to read.
        case unreadable
        /// There is no certificate, or no key, in the file.
        case noPEM
        /// The key is another certificate's.
        case mismatch
        /// The certificate names its node in a way that nobody can read.
        case unclearNode
    }

    public var code: Code
    /// The key, the file, what is wrong and what to do; nothing of the file's contents but a name that is public.
    public var message: String
    public var cause: (any Error)?

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}
