import Glibc
import OCI
import Synchronization
import SystemPackage

/// What changes on disk in a layout, step by step so that it can be read at every moment. Everything here blocks.
struct LayoutFiles: Sendable {
    /// The folder under `blobs/`. The layout keeps it under a lock: what is on disk and what is known change together.
    struct Blobs: Sendable {
        let paths: LayoutPaths

        /// Gives a finished file its blob's name.
        /// - Returns: False where the file is on another filesystem.
        mutating func enter(_ source: FilePath, as digest: Digest) throws(ContentError) -> Bool {
            try Folder.move(source, to: paths.blob(digest))
        }

        /// Takes a blob's name away. Who has it open can go on reading.
        mutating func remove(_ digest: Digest) throws(ContentError) {
            try Folder.remove(paths.blob(digest))
        }
    }

    let paths: LayoutPaths

    /// A file under `tmp/` that goes with this object, unless it was moved away.
    final class Temporary {
        private static let created = Atomic<UInt64>(0)
        let path: FilePath
        let file: OpenFile

        fileprivate init(in folder: FilePath) throws(ContentError) {
            let number = Self.created.wrappingAdd(1, ordering: .relaxed).newValue
            path = folder.appending("\(getpid())-\(number)")
            file = try OpenFile.open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        }

        deinit {
            // When it was moved the name is free, and nobody else's: numbers are given once.
            _ = path.withPlatformString { unlink($0) }
        }
    }

    /// Writes bytes to a new file and makes them outlive a power cut.
    func write(_ bytes: [UInt8]) throws(ContentError) -> Temporary {
        let temporary = try Temporary(in: paths.temporary)
        try bytes.withUnsafeBufferPointer { (buffer) throws(ContentError) in
            try temporary.file.write(UnsafeRawBufferPointer(buffer), at: 0)
        }
        try temporary.file.syncData()
        return temporary
    }

    /// Copies a file from another filesystem, within the kernel, and makes the copy outlive a power cut.
    func copy(_ source: OpenFile, size: Int64) throws(ContentError) -> Temporary {
        let temporary = try Temporary(in: paths.temporary)
        var offset: off_t = 0
        while offset < off_t(size) {
            let portion = Int(min(size - Int64(offset), 8 << 20))
            let count = uninterrupted { sendfile(temporary.file.descriptor, source.descriptor, &offset, portion) }
            guard count >= 0 else { throw .system("copying a spool file to", temporary.path, errno) }
            guard count > 0 else {
                throw ContentError(
                    .io, "a spool file ended after \(offset) bytes instead of \(size) while it was copied")
            }
        }
        try temporary.file.syncData()
        return temporary
    }

    /// Replaces a small file: after a crash there is the old one or the new one, whole.
    func replace(_ path: FilePath, _ bytes: [UInt8]) throws(ContentError) {
        let temporary = try write(bytes)
        guard try Folder.move(temporary.path, to: path) else {
            throw ContentError(
                .unusable, "\(paths.temporary) and \(path) must be on one filesystem; unmount the former")
        }
        try Folder(path.removingLastComponent()).sync()
    }
}
