import Glibc
import NIOCore
import NIOPosix
import OCI
import SystemPackage

/// Tells which blobs' files come and go in containerd's folders, by inotify(7).
///
/// containerd 1.6 tells nobody of content that it has taken in. A file gets its name when it is whole, by a rename; that
/// containerd has committed it is to be asked then.
struct ContentWatch: Sendable {
    enum Notice: Hashable, Sendable {
        case appeared(Digest)
        case vanished(Digest)
        /// Something happened, and nobody knows what.
        case lostTrack
    }

    private static let departures = UInt32(IN_DELETE | IN_MOVED_FROM)
    private static let changes = departures | UInt32(IN_MOVED_TO | IN_CREATE | IN_ONLYDIR)
    private static let losses = UInt32(IN_Q_OVERFLOW) | UInt32(IN_IGNORED)
    /// Of one read: a thousand names of blobs, which the kernel's queue holds many more of.
    private static let bufferSize = 96 * 1024

    private let files: ContentFiles
    private let queue: OpenFile

    /// Begins to watch; what happens from now on is told by ``run(_:)``.
    /// - Throws: `.io` where the system has no more watches.
    init(_ files: ContentFiles) throws(ContentError) {
        self.files = files
        let descriptor = inotify_init1(CInt(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw Self.refused(files.blobs) }
        queue = OpenFile(adopting: descriptor)
        _ = try folders()
    }

    /// The folders watched, by their number. containerd makes them when it needs them; to watch one again changes nothing.
    private func folders() throws(ContentError) -> [CInt: Digest.Algorithm?] {
        var folders: [CInt: Digest.Algorithm?] = [:]
        try add(files.folder, nil, to: &folders)
        try add(files.blobs, nil, to: &folders)
        for algorithm in Digest.Algorithm.allCases { try add(files.blobs(algorithm), algorithm, to: &folders) }
        return folders
    }

    private func add(
        _ path: FilePath, _ algorithm: Digest.Algorithm?, to folders: inout [CInt: Digest.Algorithm?]
    ) throws(ContentError) {
        let watch = path.withPlatformString { inotify_add_watch(queue.descriptor, $0, Self.changes) }
        if watch >= 0 {
            folders.updateValue(algorithm, forKey: watch)
        } else if errno != ENOENT {
            throw Self.refused(path)
        }
    }

    private static func refused(_ path: FilePath) -> ContentError {
        .system("watching", path, errno)
    }

    /// Tells what happens, until the task is cancelled.
    func run(_ tell: @Sendable (Notice) -> Void) async throws {
        let descriptor = dup(queue.descriptor)
        guard descriptor >= 0 else { throw Self.refused(files.blobs) }
        let channel: NIOAsyncChannel<ByteBuffer, Never>
        do {
            channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                // A record that does not fit into what is read is an error.
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.bufferSize))
                .takingOwnershipOfDescriptor(input: descriptor) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, Never>(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            close(descriptor)
            throw error
        }
        try await channel.executeThenClose { inbound in
            var folders = try folders()
            for try await buffer in inbound {
                for record in buffer.withUnsafeReadableBytes(InotifyRecord.all) {
                    guard let notice = Self.notice(of: record, folders) else { continue }
                    // A folder may have come.
                    if notice == .lostTrack { folders = try self.folders() }
                    tell(notice)
                }
            }
        }
    }

    /// What a record means; nil where it means nothing.
    private static func notice(of record: InotifyRecord, _ folders: [CInt: Digest.Algorithm?]) -> Notice? {
        if record.mask & losses != 0 { return .lostTrack }
        guard let algorithm = folders[record.watch] ?? nil else { return .lostTrack }
        guard let digest = try? Digest("\(algorithm.rawValue):\(record.name)") else { return nil }
        return record.mask & departures == 0 ? .appeared(digest) : .vanished(digest)
    }
}
