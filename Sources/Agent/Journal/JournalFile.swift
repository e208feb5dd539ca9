import Discovery
import Glibc
import Synchronization
import SystemPackage

/// Lines in at most two files of a bounded size: the newest, and the one before. Everything here blocks.
final class JournalFile: Sendable {
    /// Of one file, in bytes.
    static let limit = 4 << 20

    private struct State {
        var file: FileDescriptor?
        var size = 0
    }

    let folder: FilePath
    private let limit: Int
    private let state = Mutex(State())

    init(folder: FilePath, limit: Int = JournalFile.limit) {
        self.folder = folder
        self.limit = limit
    }

    deinit { state.withLock { _ = try? $0.file?.close() } }

    private var newest: FilePath { folder.appending("pulls.jsonl") }
    private var older: FilePath { folder.appending("pulls.1.jsonl") }

    /// Appends a line in one write, so that a kill leaves a whole line or a torn last one.
    /// - Parameter line: without a line feed.
    /// - Throws: `Errno`. The line is lost then, and nothing else.
    func append(_ line: [UInt8]) throws {
        try state.withLock { state in
            do {
                try write(line, &state)
            } catch {
                // The next line finds out whether it is better now.
                try? state.file?.close()
                state.file = nil
                throw error
            }
        }
    }

    private func write(_ line: [UInt8], _ state: inout State) throws {
        if let file = state.file, Self.isRemoved(file) {
            try? file.close()
            state.file = nil
        }
        var file = try state.file ?? open(&state)
        if state.size > 0, state.size + line.count + 1 > limit {
            try file.close()
            state.file = nil
            guard rename(newest.string, older.string) == 0 else { throw Errno(rawValue: errno) }
            file = try open(&state)
        }
        // What was torn by a kill stays a line of its own.
        let bytes = try (isTorn(file, size: state.size) ? [UInt8(ascii: "\n")] : []) + line + [UInt8(ascii: "\n")]
        let count = try bytes.withUnsafeBytes { try file.write($0) }
        guard count == bytes.count else {
            _ = ftruncate(file.rawValue, off_t(state.size))
            throw Errno.noSpace
        }
        state.size += count
    }

    private func open(_ state: inout State) throws -> FileDescriptor {
        // Names of private images are nobody's business but the agent's.
        if mkdir(folder.string, 0o700) != 0, errno != EEXIST { throw Errno(rawValue: errno) }
        let file = try FileDescriptor.open(
            newest, .readWrite, options: [.create, .append, .closeOnExec, .noFollow], permissions: [.ownerReadWrite])
        state.file = file
        state.size = Int(try file.seek(offset: 0, from: .end))
        return file
    }

    private func isTorn(_ file: FileDescriptor, size: Int) throws -> Bool {
        guard size > 0 else { return false }
        var last: UInt8 = 0
        let count = try withUnsafeMutableBytes(of: &last) { last in
            try file.read(fromAbsoluteOffset: Int64(size - 1), into: last)
        }
        return count == 1 && last != UInt8(ascii: "\n")
    }

    private static func isRemoved(_ file: FileDescriptor) -> Bool {
        var status = stat()
        return fstat(file.rawValue, &status) != 0 || status.st_nlink == 0
    }

    /// Tells all lines, the newest first, for as long as `body` wants more.
    func forEachLine(_ body: (ArraySlice<UInt8>) -> Bool) {
        for path in [newest, older] {
            // What is not there, or larger than this program makes it, is no journal.
            guard let bytes = try? SmallFile.read(path, limit: max(limit, Self.limit) * 2) else { continue }
            for line in bytes.split(separator: UInt8(ascii: "\n")).reversed() where !body(line) { return }
        }
    }
}
