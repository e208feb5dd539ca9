import Glibc
public import Integrity
public import Logging
public import OCI
import Synchronization
public import SystemPackage

/// The hash chains of the blobs that this node holds, a small file each, in a folder of their own.
///
/// Only chains whose every link has held here are kept: with one at hand a blob is read again as lanes, and its pieces are told
/// from each other. Nothing is lost with a chain but time, so no call fails: what cannot be written is forgotten with a
/// warning, and an unsound file is removed with one. Files are read when they are asked for; the chains used last stay in
/// memory. Safe from any thread; calls may wait for the disk.
public final class ChainStore: Sendable {
    /// How many bytes of states are kept in memory: those of 128 GiB of blobs.
    static let memoryLimit = 1 << 20
    /// Larger than the chain of any blob that a disk has.
    private static let fileLimit: Int64 = 64 << 20

    private let folder: FilePath
    private let logger: Logger
    private let recent: Mutex<RecentChains>
    /// Numbers the files that are being written.
    private let written = Atomic<UInt64>(0)
    /// The disk refused a chain, and that has been said.
    private let hasWarned = Atomic<Bool>(false)

    /// Opens the folder, making it where it is missing, and removes what a writer that died has left. Blocks; meant for the start.
    public convenience init(directory: FilePath, logger: Logger) {
        self.init(directory: directory, memoryLimit: Self.memoryLimit, logger: logger)
    }

    init(directory: FilePath, memoryLimit: Int, logger: Logger) {
        folder = directory
        self.logger = logger
        recent = Mutex(RecentChains(limit: memoryLimit))
        do {
            _ = try Folder(making: directory)
            for name in try names() where name.isUnfinished { try? Folder.remove(folder.appending(name.description)) }
        } catch {
            warnOnce(error)
        }
    }

    /// The chain of a blob; nil where none is kept for this digest and size.
    ///
    /// Every link of it has held here once: it is as good as the digest.
    public func chain(of digest: Digest, size: Int64) -> HashChain? {
        // A chain has led to its digest, so where the sizes differ it is the blob that has a wrong one.
        load(digest).flatMap { $0.size == size ? $0 : nil }
    }

    /// The states of a blob's chain, 32 bytes each, as ``Integrity/HashChain/mediaType`` says; nil where none is kept.
    public func encoded(_ digest: Digest) -> [UInt8]? { load(digest)?.encoded }

    /// Takes in a chain all of whose links have held here. Blobs of one piece need none, and one that is growing is not kept.
    public func keep(_ chain: HashChain) {
        guard chain.isComplete, chain.boundaries > 0 else { return }
        let isNew = recent.withLock { recent in
            let isNew = recent.peek(chain.digest) != chain
            recent.insert(chain)
            return isNew
        }
        guard isNew, load(fromDisk: chain.digest) != chain else { return }
        do {
            try write(chain)
        } catch {
            warnOnce(error)
        }
    }

    /// Forgets a chain: a whole hash made here has shown that it is wrong.
    public func drop(_ digest: Digest, because reason: String) {
        logger.warning(
            "a hash chain is wrong and is removed", metadata: ["digest": "\(digest)", "reason": "\(reason)"])
        drop(digest)
    }

    /// Forgets the chain of a blob that is gone.
    public func drop(_ digest: Digest) {
        recent.withLock { $0.remove(digest) }
        guard digest.algorithm == .sha256 else { return }
        do { try Folder.remove(path(of: digest)) } catch { warnOnce(error) }
    }

    /// Forgets the chains of blobs that nobody holds any more.
    /// - Returns: How many there were.
    @discardableResult public func prune(keeping isHeld: (Digest) -> Bool) -> Int {
        do {
            let gone = try names().filter { !$0.isUnfinished && !isHeld($0.digest) }
            for name in gone { drop(name.digest) }
            return gone.count
        } catch {
            warnOnce(error)
            return 0
        }
    }

    // MARK: Files

    private func path(of digest: Digest) -> FilePath {
        folder.appending(ChainName(digest: digest).description)
    }

    private func names() throws(ContentError) -> [ChainName] {
        try Folder(folder).entries().compactMap { $0.kind == .file ? ChainName($0.name) : nil }
    }

    private func load(_ digest: Digest) -> HashChain? {
        guard digest.algorithm == .sha256 else { return nil }
        if let chain = recent.withLock({ $0.use(digest) }) { return chain }
        guard let chain = load(fromDisk: digest) else { return nil }
        recent.withLock { $0.insert(chain) }
        return chain
    }

    private func load(fromDisk digest: Digest) -> HashChain? {
        let path = path(of: digest)
        do throws(ContentError) {
            let file = try OpenFile.open(path: path)
            let size = try file.size()
            guard size <= Self.fileLimit else { throw ContentError(.unusable, "it has \(size) bytes") }
            return try ChainFile.decode(try file.readAll(size: size), as: digest)
        } catch {
            switch error.code {
            case .notFound: break
            case .unusable, .sizeMismatch, .digestMismatch:
                logger.warning(
                    "a hash chain is unsound and is removed; it comes back when its blob is hashed next",
                    metadata: ["file": "\(path)", "reason": "\(error)"])
                try? Folder.remove(path)
            // Whether it is sound nobody knows.
            case .noSpace, .exceedsCapacity, .io: warnOnce(error)
            }
            return nil
        }
    }

    /// In one step: there is the old file or the new one. What a power cut leaves is told by the checksum, so nobody waits for the
    /// disk.
    private func write(_ chain: HashChain) throws(ContentError) {
        let number = written.wrappingAdd(1, ordering: .relaxed).newValue
        let temporary = folder.appending(ChainName(digest: chain.digest, unfinished: number).description)
        do throws(ContentError) {
            let file = try OpenFile.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
            try ChainFile.encode(chain).withUnsafeBufferPointer { (buffer) throws(ContentError) in
                try file.write(UnsafeRawBufferPointer(buffer), at: 0)
            }
            _ = try Folder.move(temporary, to: path(of: chain.digest))
        } catch {
            try? Folder.remove(temporary)
            throw error
        }
    }

    /// A full disk is told of once, not for every blob.
    private func warnOnce(_ error: ContentError) {
        guard !hasWarned.exchange(true, ordering: .relaxed) else { return }
        logger.warning(
            "hash chains cannot be kept; blobs are verified without them, which takes longer",
            metadata: ["folder": "\(folder)", "reason": "\(error)"])
    }
}
