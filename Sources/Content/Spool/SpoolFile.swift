import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A blob that is arriving: one file, written at its places in any order and from any thread.
public final class SpoolFile: Sendable {
    /// For readers; it stays good when the file is moved into a store or discarded.
    public let file: OpenFile
    let path: FilePath
    private let isGone = Atomic(false)

    init(path: FilePath) throws(ContentError) {
        let descriptor = path.withPlatformString {
            open($0, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        }
        guard descriptor >= 0 else { throw .system("creating", path.string, errno) }
        file = OpenFile(adopting: descriptor)
        self.path = path
    }

    deinit { discard() }

    /// Writes all of the bytes. Blocks.
    /// - Throws: ``ContentError`` with `.noSpace` where the disk is full; some of the bytes may have been written then.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) {
        try file.write(bytes, at: offset, path: path)
    }

    /// - Returns: how many bytes; 0 past what has been written.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    /// Removes the file's name. Readers keep their descriptor; the bytes go with the last of them.
    public func discard() {
        guard !isGone.exchange(true, ordering: .acquiringAndReleasing) else { return }
        _ = path.withPlatformString { unlink($0) }
    }

    /// The file has got another name, which is not the spool's to remove.
    func moved() {
        isGone.store(true, ordering: .releasing)
    }

    /// Makes the bytes outlive a power cut.
    func sync() throws(ContentError) {
        guard fdatasync(file.descriptor) == 0 else { throw .system("syncing", path.string, errno) }
    }
}
