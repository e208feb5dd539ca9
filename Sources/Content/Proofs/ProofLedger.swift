import Glibc
public import Logging
public import OCI
import Synchronization
public import SystemPackage

/// Which blobs of one store this agent has hashed whole, when, and which files they were. It survives restarts.
///
/// Each store has a ledger of its own: the same blob may stand in two stores, as two files. Questions are answered from
/// memory; ``flush()`` brings news to the disk and is called now and then by whoever proves. Safe from any thread.
public final class ProofLedger: Sendable {
    /// How many blobs are kept in mind; those proven longest ago are forgotten first.
    public static let capacity = 250_000

    private struct State {
        var proofs: [Digest: Proof] = [:]
        var hasNews = false
    }

    private let path: FilePath
    private let capacity: Int
    private let window: CrashWindow?
    private let logger: Logger
    private let state: Mutex<State>
    /// Held while the file is written, so that an older state never replaces a newer one. Taken before `state`.
    private let writing = Mutex(())

    /// Reads the ledger's file; blocks, meant for the start.
    ///
    /// A file that is missing is an empty ledger; a damaged one is moved aside with a warning, and begun anew: the blobs are
    /// hashed once more then, and nothing else is lost.
    /// - Parameters:
    ///   - window: what is in doubt after a crash; proofs of files in it are forgotten.
    public convenience init(path: FilePath, window: CrashWindow? = nil, logger: Logger) {
        self.init(path: path, window: window, capacity: Self.capacity, logger: logger)
    }

    init(path: FilePath, window: CrashWindow?, capacity: Int, logger: Logger) {
        self.path = path
        self.window = window
        self.capacity = capacity
        self.logger = logger
        var proofs = ProofFile(path: path, logger: logger).read()
        let count = proofs.count
        if let window { proofs = proofs.filter { !window.doubts($0.value) } }
        state = Mutex(State(proofs: proofs, hasNews: proofs.count != count))
    }

    /// Whether the blob was hashed whole, and as this very file. Nobody knows what a nil identity is.
    public func isProven(_ digest: Digest, as identity: FileIdentity?) -> Bool {
        guard let identity else { return false }
        return proof(of: digest)?.identity == identity
    }

    /// Whether a file must not be offered before it is proven: it is younger than a crash, or could not be read.
    public func isDoubtful(_ digest: Digest, as identity: FileIdentity) -> Bool {
        if state.withLock({ $0.proofs[digest] == .doubt(of: identity) }) { return true }
        guard let window, window.doubts(identity.modified) else { return false }
        return !isProven(digest, as: identity)
    }

    /// Whether the last that was noted of the blob is that a file of it could not be read.
    func isDoubted(_ digest: Digest) -> Bool {
        state.withLock { $0.proofs[digest]?.isDoubt == true }
    }

    /// When the blob was hashed last, whichever file that was; nil where it never was, or could not be read since.
    public func provenAt(_ digest: Digest) -> Int64? { proof(of: digest)?.at }

    /// When this very file was hashed last.
    public func provenAt(_ digest: Digest, as identity: FileIdentity?) -> Int64? {
        proof(of: digest).flatMap { $0.identity == identity ? $0.at : nil }
    }

    private func proof(of digest: Digest) -> Proof? {
        state.withLock { state in state.proofs[digest].flatMap { $0.isDoubt ? nil : $0 } }
    }

    /// Notes that a file was hashed whole and is right.
    /// - Parameter time: seconds since 1970.
    public func record(_ digest: Digest, as identity: FileIdentity, at time: Int64) {
        note(Proof(of: identity, at: time), digest)
    }

    /// Notes that a file could not be read: it is unproven until it has been hashed whole, also after a restart.
    func doubt(_ digest: Digest, as identity: FileIdentity) {
        note(.doubt(of: identity), digest)
    }

    private func note(_ proof: Proof, _ digest: Digest) {
        state.withLock { state in
            state.proofs[digest] = proof
            state.hasNews = true
            if state.proofs.count > capacity { Self.forgetOldest(&state.proofs, capacity) }
        }
    }

    /// The blob is gone or damaged: whatever comes back under its digest is unproven.
    public func forget(_ digest: Digest) {
        state.withLock { state in
            if state.proofs.removeValue(forKey: digest) != nil { state.hasNews = true }
        }
    }

    /// Brings what is new to the disk, in one step: after a crash there is the old file or the new one. Blocks; does nothing
    /// where nothing is new. Where the disk refuses there is a warning, and the next call tries again.
    public func flush() {
        writing.withLock { _ in
            let proofs = state.withLock { state -> [Digest: Proof]? in
                guard state.hasNews else { return nil }
                state.hasNews = false
                return state.proofs
            }
            guard let proofs else { return }
            do {
                try ProofFile(path: path, logger: logger).write(proofs)
            } catch {
                state.withLock { $0.hasNews = true }
                logger.warning("what was proven cannot be written down now", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// A tenth at once, so that a full ledger does not sort itself for every blob.
    private static func forgetOldest(_ proofs: inout [Digest: Proof], _ capacity: Int) {
        let excess = proofs.count - capacity + capacity / 10
        for entry in proofs.sorted(by: { $0.value.at < $1.value.at }).prefix(excess) { proofs[entry.key] = nil }
    }
}
