import Glibc
import Synchronization
public import SystemPackage

/// A file that is there while the agent runs, and was touched a moment ago: whoever finds one at the start knows that the agent
/// before did not stop properly, and since when not to trust what it wrote.
///
/// The file is locked as well, so that no two agents work in one folder. Its text is the beginning of a window whose files have
/// not all been proven yet: a second crash must not forget the first.
public final class RunMarker: Sendable {
    /// How often it is to be touched: well within the margin of ``CrashWindow``.
    public static let interval: Duration = .seconds(20)
    /// More than a number has digits.
    private static let textSize = 20

    /// What is in doubt, where the agent before did not stop properly.
    public let window: CrashWindow?

    private let path: FilePath
    private let file: OpenFile
    /// Whether everything in the window has been proven.
    private let isSettled: Mutex<Bool>

    /// Reads what the agent before has left, and makes the marker anew. Blocks; meant for the start, before stores are opened.
    /// - Throws: `.unusable` where another agent has the folder, `.io`.
    public convenience init(path: FilePath) throws(ContentError) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        try self.init(path: path, now: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
    }

    init(path: FilePath, now: Int64) throws(ContentError) {
        self.path = path
        let folder = try Folder(making: path.removingLastComponent())
        let (file, isNew) = try Self.lock(path)
        self.file = file
        window = isNew ? nil : try Self.window(of: file, now: now)
        isSettled = Mutex(window == nil)
        if let window { try Self.write("\(max(0, window.since))", to: file) }
        touch()
        try file.syncData()
        if isNew { try folder.sync() }
    }

    /// A sign of life: files older than this, by a margin, are beyond doubt when the agent dies.
    public func touch() {
        _ = futimens(file.descriptor, nil)
    }

    /// Everything in the window has been proven, or is gone: the next crash need not remember this one.
    public func settle() {
        isSettled.withLock { isSettled in
            guard !isSettled else { return }
            // Where the disk refuses, more than necessary is proven after the next start.
            guard (try? Self.write("", to: file)) != nil, (try? file.syncData()) != nil else { return }
            isSettled = true
        }
    }

    /// The agent stops properly. Where something is still in doubt the marker stays.
    public func remove() {
        guard isSettled.withLock({ $0 }) else { return }
        _ = path.withPlatformString { unlink($0) }
    }

    // MARK: The file

    private static func lock(_ path: FilePath) throws(ContentError) -> (file: OpenFile, isNew: Bool) {
        while true {
            let (file, isNew) = try open(path)
            guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
                guard errno == EWOULDBLOCK else { throw .system("locking", path, errno) }
                throw ContentError(
                    .unusable,
                    "another agent is running in \(path.removingLastComponent()); stop it, or set another data_dir")
            }
            // The agent before may have removed it since it was opened.
            if try FileIdentity(at: path)?.inode == FileIdentity(of: file).inode { return (file, isNew) }
        }
    }

    private static func open(_ path: FilePath) throws(ContentError) -> (file: OpenFile, isNew: Bool) {
        do throws(ContentError) {
            return (try OpenFile.open(path, O_RDWR | O_NOFOLLOW), false)
        } catch {
            guard error.code == .notFound else { throw error }
            return (try OpenFile.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600), true)
        }
    }

    private static func window(of file: OpenFile, now: Int64) throws(ContentError) -> CrashWindow {
        let touched = try FileIdentity(of: file).modified
        var text = [UInt8](repeating: 0, count: textSize)
        let count = try text.withUnsafeMutableBufferPointer { (buffer) throws(ContentError) in
            try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
        }
        let earlier = Int64(String(decoding: text.prefix(count), as: UTF8.self))
        // A node without a clock may believe in an earlier time than before the crash.
        return CrashWindow(
            since: min(touched - CrashWindow.margin, earlier ?? .max), until: max(now, touched + CrashWindow.margin))
    }

    private static func write(_ text: String, to file: OpenFile) throws(ContentError) {
        let bytes = Array(text.utf8)
        try bytes.withUnsafeBufferPointer { (buffer) throws(ContentError) in
            try file.write(UnsafeRawBufferPointer(buffer), at: 0)
        }
        guard ftruncate(file.descriptor, off_t(bytes.count)) == 0 else {
            throw ContentError(.io, "the marker of a running agent cannot be cut: \(Errno(rawValue: errno))")
        }
    }
}
