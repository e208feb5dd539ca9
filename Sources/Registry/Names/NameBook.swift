import Discovery
public import Logging
import NIOPosix
import OCI
import Synchronization
public import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// The names of the local namespace, in memory and on disk. Safe from any thread.
///
/// A change is on disk before ``change(_:)`` returns: what was acknowledged outlives a power cut. Changes that come together are written
/// together.
public final class NameBook: Sendable {
    private struct State {
        var table: NameTable
        var version = 0
        var listeners: [AsyncStream<Void>.Continuation] = []
    }

    private struct Written {
        /// The version on disk.
        var version = 0
        var document = NameDocument.nothingWritten()
    }

    private let path: FilePath
    private let logger: Logger
    private let state: Mutex<State>
    /// Held while the file is written, so that whoever waits meanwhile is served by one write for all.
    private let written = Mutex(Written())

    /// Reads the file. A damaged one is moved aside with a warning; what was pushed is still among the blobs then, without its names.
    public init(path: FilePath, logger: Logger) {
        self.path = path
        self.logger = logger
        state = Mutex(State(table: Self.read(path, logger)))
    }

    /// All names now.
    public var table: NameTable { state.withLock { $0.table } }

    public subscript(name: LocalName) -> NameRecord? { state.withLock { $0.table[name] } }

    /// Tells of every change; what happens while nobody looks is told once.
    public func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.listeners.append(continuation) }
        return stream
    }

    /// Changes the names. Cancelling the task does not stop it.
    /// - Parameter body: must look at the table that it is given, and not at this book, which is locked meanwhile.
    /// - Throws: what the disk says where the change cannot be written; it does not count then.
    @discardableResult
    public func change<Value: Sendable>(_ body: @Sendable (inout NameTable) throws -> Value) async throws -> Value {
        let (value, version, before) = try state.withLock { state in
            let before = state.table
            let value = try body(&state.table)
            let isChanged = state.table.revision != before.revision
            if isChanged { state.version += 1 }
            return (value, state.version, isChanged ? before : nil)
        }
        guard let before else { return value }
        do {
            try await NIOThreadPool.singleton.runIfActive { try self.write(atLeast: version) }
        } catch {
            // Nobody has been told. A change that came since stays; it will say the same of its own write.
            state.withLock { state in
                if state.version == version { state.table = before }
                state.version += 1
            }
            throw error
        }
        for listener in state.withLock({ $0.listeners }) { listener.yield() }
        return value
    }

    private func write(atLeast version: Int) throws {
        try written.withLock { written in
            guard written.version < version else { return }
            let (table, newest) = state.withLock { ($0.table, $0.version) }
            try SmallFile.replace(path, with: try NameDocument.encode(table, &written.document))
            written.version = newest
        }
    }

    private static func read(_ path: FilePath, _ logger: Logger) -> NameTable {
        let reason: String
        do {
            if let bytes = try SmallFile.read(path, limit: NameDocument.maximumSize) {
                return try NameDocument.decode(bytes)
            }
            reason = "it is larger than \(NameDocument.maximumSize) bytes"
        } catch Errno.noSuchFileOrDirectory {
            return NameTable()
        } catch {
            reason = "\(error)"
        }
        let aside = FilePath("\(path).damaged")
        _ = rename(path.string, aside.string)
        logger.error(
            "the names of pushed images cannot be read; the file is moved aside and begun anew, the blobs are kept for store.grace",
            metadata: ["file": "\(path)", "moved-to": "\(aside)", "reason": "\(reason)"])
        return NameTable()
    }
}
