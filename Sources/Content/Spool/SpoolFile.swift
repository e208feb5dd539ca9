import Glibc
import Synchronization
import SystemPackage

/// A blob that is arriving: one file that grows, written at its places in any order and from any thread.
///
/// The file goes with this object, unless a store has taken it in.
public final class SpoolFile: Sendable {
    private struct Access {
        var isSealed = false
        /// Whether the file still has the spool's name.
        var isNamed = true
    }

    /// For readers. It stays good when the file is taken into a store, and when it is discarded.
    public let file: OpenFile
    let path: FilePath
    // Held while bytes are written: when `seal` returns, no write is under way. It costs no parallelism, the kernel
    // writes to one file in turn anyway.
    private let access = Mutex(Access())

    /// Makes a file that is not there yet.
    init(creating path: FilePath) throws(ContentError) {
        file = try OpenFile.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        self.path = path
        // Tells another agent that starts on this folder that the file is in use. Where locks are not supported the
        // other would remove the name, and the commit say so.
        _ = flock(file.descriptor, LOCK_EX | LOCK_NB)
    }

    deinit {
        discard()
    }

    /// Writes all of the bytes at their place in the blob. Blocks for as long as the disk takes.
    ///
    /// - Throws: ``ContentError`` with `.noSpace` where the disk is full (some of the bytes may have been written then),
    ///   `.io` for everything else, and after ``seal()``.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) {
        try access.withLock { access throws(ContentError) in
            guard !access.isSealed else {
                throw ContentError(.io, "\(path) is complete and takes no more bytes")
            }
            try file.write(bytes, at: offset)
        }
    }

    /// Reads what there is at an offset; what was never written reads as zeros where something was written behind it.
    /// - Returns: How many bytes; 0 at and past the file's end.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    /// Lets nothing be written any more: what is verified after this is what will be read. A commit does it too, but
    /// a caller whose writers may be late calls it before the last look at the bytes.
    public func seal() {
        access.withLock { $0.isSealed = true }
    }

    /// Removes the file. Readers keep their descriptor; the disk gets its space back with the last of them.
    public func discard() {
        access.withLock { access in
            guard access.isNamed else { return }
            access.isNamed = false
            _ = path.withPlatformString { unlink($0) }
        }
    }

    /// The file has another name now, in a store, which is not the spool's to remove.
    func surrender() {
        access.withLock { $0.isNamed = false }
    }
}
