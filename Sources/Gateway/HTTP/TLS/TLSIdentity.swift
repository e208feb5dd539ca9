import Content
import Glibc
public import Logging
import NIOSSL
import Synchronization

/// Who a listener is over TLS: its certificate and key, which it reads again when the files change.
///
/// A connection keeps what it began with. A changed pair that cannot be used is a warning, and the old one stays.
public final class TLSIdentity: Sendable {
    /// One version of both files; nil where one cannot be looked at.
    struct Version: Equatable, Sendable {
        var certificate: FileStamp?
        var privateKey: FileStamp?

        init(_ files: TLSFiles) {
            certificate = FileStamp(at: files.certificate.path)
            privateKey = FileStamp(at: files.privateKey.path)
        }
    }

    private struct State {
        var context: NIOSSLContext
        var plan: ReloadPlan<Version>
    }

    private let files: TLSFiles
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads both files. Blocks.
    /// - Throws: what cannot be used, and what to do.
    public init(_ files: TLSFiles, logger: Logger) throws(TLSFileError) {
        self.files = files
        self.logger = logger
        // Looked at before it is read: a change in between is seen by the next look.
        let version = Version(files)
        let pair = try TLSPair(files)
        state = Mutex(State(context: try pair.context(), plan: ReloadPlan(using: version)))
        warnOfTime(pair)
    }

    /// For the next connection.
    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Looks whether the files have changed, and uses them if so. Blocks.
    func look() {
        let version = Version(files)
        guard state.withLock({ $0.plan.wants(version) }) else { return }
        do {
            let pair = try TLSPair(files)
            let context = try pair.context()
            state.withLock { state in
                state.context = context
                state.plan.loaded(version)
            }
            logger.notice("the certificate has changed and is in use", metadata: ["file": "\(files.certificate.path)"])
            warnOfTime(pair)
        } catch {
            guard state.withLock({ $0.plan.failed(version) }) else { return }
            logger.warning(
                "the certificate has changed and cannot be used; the old one stays", metadata: ["reason": "\(error)"])
        }
    }

    private func warnOfTime(_ pair: TLSPair) {
        guard let complaint = pair.complaint(at: time(nil)) else { return }
        logger.warning("\(complaint)", metadata: ["file": "\(files.certificate.path)"])
    }
}

extension TLSIdentity: Hashable {
    public static func == (left: TLSIdentity, right: TLSIdentity) -> Bool { left === right }

    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
