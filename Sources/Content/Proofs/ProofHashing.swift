import Glibc
import Integrity
import OCI
import Synchronization

/// The hash of one blob, fed with regions of files as they are read. Blocks: it is used on the threads for it.
final class ProofHashing: Sendable {
    private static let bufferSize = 1 << 20
    /// How many bytes of a region are looked at to find out whether it is in memory.
    private static let probes: Int64 = 8

    private let hasher: Mutex<ContentHasher>
    private let algorithm: Digest.Algorithm

    init(_ algorithm: Digest.Algorithm) {
        self.algorithm = algorithm
        hasher = Mutex(ContentHasher(algorithm))
    }

    /// Takes in a region.
    /// - Parameter isCold: whether its bytes were not in memory before, and need not be afterwards.
    func update(_ slice: FileSlice, isCold: Bool) throws {
        let size = Int(min(Int64(Self.bufferSize), slice.length))
        var position = slice.offset
        let end = slice.offset + slice.length
        try withUnsafeTemporaryAllocation(byteCount: size, alignment: 64) { buffer in
            while position < end {
                let length = min(Int64(buffer.count), end - position)
                let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(length)])
                let count = try slice.file.read(into: part, at: position)
                guard count > 0 else {
                    throw ContentError(.sizeMismatch, "it ends after \(position) of \(end) bytes")
                }
                hasher.withLock { $0.update(UnsafeRawBufferPointer(rebasing: part[..<count])) }
                position += Int64(count)
            }
        }
        if isCold {
            posix_fadvise(slice.file.descriptor, off_t(slice.offset), off_t(slice.length), POSIX_FADV_DONTNEED)
        }
    }

    /// The digest of all that was taken in; the hash begins anew.
    func finish() -> Digest {
        hasher.withLock { hasher in
            let finished = consume hasher
            hasher = ContentHasher(algorithm)
            return finished.finish()
        }
    }

    /// Whether most of a file is on the disk only: then reading it should not push out what others need.
    static func isCold(_ file: OpenFile) -> Bool {
        guard let size = try? file.size(), size > 0 else { return false }
        // Mapped and never touched: only whether its pages are there is asked.
        guard let map = mmap(nil, Int(size), PROT_READ, MAP_SHARED, file.descriptor, 0), map != MAP_FAILED else {
            return false
        }
        defer { munmap(map, Int(size)) }
        let page = Int64(sysconf(CInt(_SC_PAGESIZE)))
        let missing = (0..<probes).count { probe in
            let offset = (size - 1) * probe / (probes - 1) / page * page
            var isThere: UInt8 = 1
            return mincore(map + Int(offset), 1, &isThere) == 0 && isThere & 1 == 0
        }
        return missing * 2 > Int(probes)
    }
}
