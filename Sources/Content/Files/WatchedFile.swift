public import Logging
import Synchronization
public import SystemPackage

/// A small file, parsed once and again after each change, so that a changed password counts at once and an unchanged one
/// costs one `stat`.
public final class WatchedFile<Value: Sendable>: Sendable {
    private enum Content {
        case unread
        /// Nil where it could not be read or made no sense; that has been logged.
        case read(FileStamp?, Value?)
    }

    /// What the log says of a file that is of no use.
    public struct Words: Sendable {
        /// What it is: "a file with credentials".
        public var file: String
        /// What becomes of that: "its registries are asked anonymously".
        public var consequence: String

        /// Makes words of their parts.
        public init(file: String, consequence: String) {
            self.file = file
            self.consequence = consequence
        }
    }

    /// No such file is larger.
    private let limit = 1 << 20
    private let path: FilePath
    private let words: Words
    private let logger: Logger
    private let parse: @Sendable ([UInt8]) throws -> Value
    private let content = Mutex(Content.unread)

    /// Reads nothing yet.
    /// - Parameter parse: what it throws is not logged, because it may quote the file.
    public init(
        _ path: FilePath, words: Words, logger: Logger, parse: @escaping @Sendable ([UInt8]) throws -> Value
    ) {
        self.path = path
        self.words = words
        self.logger = logger
        self.parse = parse
    }

    /// Nil where the file cannot be read or makes no sense: logged once for each version of it, never with its contents.
    public var value: Value? {
        content.withLock { content in
            let now = FileStamp(at: path)
            if case .read(let stamp, let value) = content, stamp == now { return value }
            let value = load()
            content = .read(now, value)
            return value
        }
    }

    private func load() -> Value? {
        let bytes: [UInt8]
        do {
            bytes = try read()
        } catch {
            logger.warning(
                "\(words.file) cannot be read; \(words.consequence)",
                metadata: ["file": "\(path)", "reason": "\(error)"])
            return nil
        }
        do {
            return try parse(bytes)
        } catch {
            logger.warning("\(words.file) makes no sense; \(words.consequence)", metadata: ["file": "\(path)"])
            return nil
        }
    }

    private func read() throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 16 << 10)
            while bytes.count < limit {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { break }
                bytes += buffer[..<count]
            }
            return bytes
        }
    }
}
