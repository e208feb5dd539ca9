import Content
public import Discovery
import Glibc
public import Logging
public import NIOSSL
import Synchronization

/// Who a node is over TLS: its certificate and key, and whom it trusts, which it reads again when the files change.
///
/// A connection keeps what it began with, and a server lets go of it when its answers are out. Changed files that cannot be used are a
/// warning, and the old ones stay in use; they are tried again at every look.
public final class TLSIdentity: Sendable {
    /// One version of all files; nil where one cannot be looked at.
    struct Version: Equatable, Sendable {
        var certificate: FileStamp?
        var privateKey: FileStamp?
        var authority: FileStamp?

        init(_ files: TLSFiles) {
            certificate = FileStamp(at: files.certificate.path)
            privateKey = FileStamp(at: files.privateKey.path)
            authority = files.authority.flatMap { FileStamp(at: $0.path) }
        }
    }

    /// What connections are made with.
    private struct Use {
        var pair: TLSPair
        var context: NIOSSLContext
        var client: TLSConfiguration?

        init(_ files: TLSFiles) throws(TLSFileError) {
            pair = try TLSPair(files)
            context = try pair.context()
            client = try pair.client()
        }
    }

    private struct State {
        var use: Use
        var plan: ReloadPlan<Version>
        /// Whose certificate it is.
        var owner: NodeID?
    }

    private let files: TLSFiles
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the files. Blocks.
    /// - Throws: what cannot be used, and what to do.
    public init(_ files: TLSFiles, logger: Logger) throws(TLSFileError) {
        self.files = files
        self.logger = logger
        // Looked at before they are read: a change in between is seen by the next look.
        let version = Version(files)
        state = Mutex(State(use: try Use(files), plan: ReloadPlan(using: version)))
        warn()
    }

    /// For the next connection from somebody.
    public var context: NIOSSLContext { state.withLock { $0.use.context } }

    /// For the next connection to a peer; nil where the files name no authority.
    ///
    /// It is another value only when the files have changed: clients that pool their connections by it use the old ones for what runs,
    /// and new ones for what begins.
    public var client: TLSConfiguration? { state.withLock { $0.use.client } }

    /// Which node the certificate is for.
    public var node: CertifiedNode { state.withLock { $0.use.pair.node } }

    /// Says which node this is, so that a certificate of another one is a warning.
    public func belongs(to node: NodeID) {
        state.withLock { $0.owner = node }
        if let warning = ownerWarning { logger.warning("\(warning)", metadata: ["file": "\(files.certificate.path)"]) }
    }

    /// Why others refuse this node, as far as can be seen here; nil where all is well.
    public var warning: String? {
        guard let reason = timeWarning ?? ownerWarning else { return nil }
        return "\(files.certificate): \(reason)"
    }

    /// Looks whether the files have changed, and uses them if so. Blocks.
    public func look() {
        let version = Version(files)
        guard state.withLock({ $0.plan.wants(version) }) else { return }
        do {
            let use = try Use(files)
            state.withLock { state in
                state.use = use
                state.plan.loaded(version)
            }
            logger.notice("the certificate has changed and is in use", metadata: ["file": "\(files.certificate.path)"])
            warn()
        } catch {
            guard state.withLock({ $0.plan.failed(version) }) else { return }
            logger.warning(
                "the certificate has changed and cannot be used; the old one stays", metadata: ["reason": "\(error)"])
        }
    }

    private func warn() {
        for warning in [timeWarning, ownerWarning].compactMap(\.self) {
            logger.warning("\(warning)", metadata: ["file": "\(files.certificate.path)"])
        }
    }

    private var timeWarning: String? { state.withLock { $0.use.pair.complaint(at: time(nil)) } }

    private var ownerWarning: String? {
        let (node, owner) = state.withLock { ($0.use.pair.node, $0.owner) }
        guard let owner, let named = node.node, named != owner else { return nil }
        return "the certificate is node \(named)'s, and this is node \(owner), whom other nodes refuse with it; "
            + "have one made for this node, or for none"
    }
}

extension TLSIdentity: Hashable {
    public static func == (left: TLSIdentity, right: TLSIdentity) -> Bool { left === right }

    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
