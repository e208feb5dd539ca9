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
        /// What the file says: what is gone back to where a write fails.
        var durable: NameTable
        var version = 0
        /// Changes that are not on disk yet.
        var pending: Set<Int> = []
        /// Changes that were taken back with another one whose write failed, until they hear of it.
        var lost: [Int: any Error] = [:]
        var listeners: [AsyncStream<Void>.Continuation] = []

        /// Takes everything back that is not on disk: each change was made on top of the one before.
        mutating func takeBack(_ version: Int, because error: any Error) {
            guard pending.contains(version) else { return }
            for other in pending where other != version { lost[other] = error }
            pending = []
            table = durable
        }
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
        let table = Self.read(path, logger)
        state = Mutex(State(table: table, durable: table))
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
    /// - Throws: what the disk says where the change cannot be written; it does not count then, nor do others that are not on disk.
    @discardableResult
    public func change<Value: Sendable>(_ body: @Sendable (inout NameTable) throws -> Value) async throws -> Value {
        let (value, version, isChanged) = try state.withLock { state in
            // A copy: of a change that gives up in its midst nothing stays.
            var table = state.table
            let value = try body(&table)
            let isChanged = table.revision != state.table.revision
            state.table = table
            if isChanged {
                state.version += 1
                state.pending.insert(state.version)
            }
            return (value, state.version, isChanged)
        }
        guard isChanged else { return value }
        do {
            try await NIOThreadPool.singleton.runIfActive { try self.write(atLeast: version) }
        } catch {
            // Where nothing could be tried at all.
            state.withLock { state in
                state.takeBack(version, because: error)
                state.lost[version] = nil
            }
            tell()
            throw error
        }
        tell()
        return value
    }

    private func tell() {
        for listener in state.withLock({ $0.listeners }) { listener.yield() }
    }

    private func write(atLeast version: Int) throws {
        try written.withLock { written in
            if let error = state.withLock({ $0.lost.removeValue(forKey: version) }) { throw error }
            guard written.version < version else { return }
            let (table, newest) = state.withLock { ($0.table, $0.version) }
            do {
                try SmallFile.replace(path, with: try NameDocument.encode(table, &written.document))
            } catch {
                state.withLock { $0.takeBack(version, because: error) }
                throw error
            }
            written.version = newest
            state.withLock { state in
                state.durable = table
                state.pending = state.pending.filter { $0 > newest }
            }
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
