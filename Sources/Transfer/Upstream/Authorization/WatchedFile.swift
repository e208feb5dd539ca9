import Logging
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A small file, parsed once and again after each change, so that a changed password counts at once and an unchanged one
/// costs one `stat`.
final class WatchedFile<Value: Sendable>: Sendable {
    /// What tells one version of a file from the next.
    private struct Stamp: Equatable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    private enum Content {
        case unread
        /// Nil where it could not be read or made no sense; that has been logged.
        case read(Stamp?, Value?)
    }

    /// A file of credentials is never larger; what is behind is not read.
    private let limit = 1 << 20
    private let path: FilePath
    private let logger: Logger
    private let parse: @Sendable ([UInt8]) throws -> Value
    private let content = Mutex(Content.unread)

    init(_ path: FilePath, logger: Logger, parse: @escaping @Sendable ([UInt8]) throws -> Value) {
        self.path = path
        self.logger = logger
        self.parse = parse
    }

    /// Nil where the file cannot be read or makes no sense: logged once for each version of it, never with its contents.
    var value: Value? {
        content.withLock { content in
            let now = stamp()
            if case .read(let stamp, let value) = content, stamp == now { return value }
            let value = load()
            content = .read(now, value)
            return value
        }
    }

    private func stamp() -> Stamp? {
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else { return nil }
        return Stamp(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec))
    }

    private func load() -> Value? {
        let bytes: [UInt8]
        do {
            bytes = try read()
        } catch {
            logger.warning(
                "a file with credentials cannot be read; its registries are asked anonymously",
                metadata: ["file": "\(path)", "reason": "\(error)"])
            return nil
        }
        do {
            return try parse(bytes)
        } catch {
            // The parser's error may quote the file.
            logger.warning(
                "a file with credentials makes no sense; its registries are asked anonymously",
                metadata: ["file": "\(path)"])
            return nil
        }
    }

    private func read() throws -> [UInt8] {
        let file = try FileDescriptor.open(path, .readOnly)
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
