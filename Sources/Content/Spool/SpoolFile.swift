import Glibc
import Synchronization
public import SystemPackage

/// A blob that is arriving: one file that grows, written at its places in any order and from any thread.
///
/// The file goes with this object, unless a store has taken it in, or it was left for a later download.
public final class SpoolFile: ArrivedFile {
    private struct Access {
        var journal: SpoolJournal
        var isSealed = false
        /// Whether the file still has the spool's name, and this object its lock.
        var isNamed = true
        /// What the file takes of the spool's space.
        var share = SpoolSpace.Share()
    }

    /// For readers. It stays good when the file is taken into a store, and when it is discarded.
    public let file: OpenFile
    /// What a former agent, or a download before this one, noted of the file; nil for a new one. Nothing of it is trusted until
    /// ``RecoveredSpool/soundPieces(in:size:among:isCancelled:)`` has read the bytes.
    public let recovered: RecoveredSpool?
    public let path: FilePath
    private let name: SpoolName
    private let leftovers: SpoolLeftovers
    // Held while bytes are written: when `seal` returns, no write is under way. It costs no parallelism, the kernel
    // writes to one file in turn anyway.
    private let access: Mutex<Access>

    /// Makes a file that is not there yet.
    init(creating name: SpoolName, in leftovers: SpoolLeftovers) throws(ContentError) {
        path = leftovers.path(of: name)
        file = try OpenFile.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        self.name = name
        self.leftovers = leftovers
        recovered = nil
        access = Mutex(
            Access(journal: SpoolJournal(path: leftovers.journalPath(of: name), digest: name.digest)))
        // Tells another agent that starts on this folder that the file is in use. Where locks are not supported the
        // other would remove the name, and the commit say so.
        _ = flock(file.descriptor, LOCK_EX | LOCK_NB)
    }

    /// Goes on with a file that was left.
    /// - Returns: nil where another agent has it, or its journal says nothing any more.
    init?(adopting name: SpoolName, in leftovers: SpoolLeftovers) {
        path = leftovers.path(of: name)
        guard let locked = LockedSpoolFile(path), locked.mayBeAdopted,
            let journal = SpoolJournal(adopting: leftovers.journalPath(of: name), digest: name.digest)
        else { return nil }
        file = locked.file
        self.name = name
        self.leftovers = leftovers
        recovered = journal.recovered
        var share = SpoolSpace.Share()
        if let status = try? locked.file.status() {
            share.adopt(Int64(status.st_blocks) * 512, size: Int64(status.st_size))
            leftovers.space.add(share.bytes)
        }
        access = Mutex(Access(journal: journal, share: share))
    }

    deinit {
        discard()
    }

    /// Writes all of the bytes at their place in the blob. Blocks for as long as the disk takes.
    ///
    /// - Throws: ``ContentError`` with `.noSpace` where the disk is full (some of the bytes may have been written then),
    ///   `.exceedsCapacity` where the spool takes as much as it may, `.io` for everything else, and after ``seal()``.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(ContentError) {
        try access.withLock { access throws(ContentError) in
            guard !access.isSealed else {
                throw ContentError(.io, "\(path) is complete and takes no more bytes")
            }
            if access.isNamed {
                var share = access.share
                let more = share.write(Int64(bytes.count), at: offset)
                guard leftovers.space.take(more) else {
                    throw ContentError(
                        .exceedsCapacity,
                        "\(path) cannot grow: what is arriving takes as much as it may; raise limits.spool")
                }
                access.share = share
            }
            try file.write(bytes, at: offset)
        }
    }

    /// Reads what there is at an offset; what was never written reads as zeros where something was written behind it.
    /// - Returns: How many bytes; 0 at and past the file's end.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(ContentError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    // MARK: The journal

    /// Notes a piece whose bytes have been written, for an agent after this one. A later note about the same piece adds a state, or
    /// replaces the sum and the state.
    ///
    /// One small write without a sync, and best effort: what cannot be noted is fetched again. Nothing happens after ``seal()``.
    public func note(_ piece: SpooledPiece) {
        guard piece.sum != nil || piece.state != nil, (0...Int(Int32.max)).contains(piece.piece) else { return }
        change { $0.note(.piece(piece)) }
    }

    /// Notes the blob's size, and whether upstream told it.
    public func note(size: Int64, sizeIsUpstreams: Bool) {
        guard size >= 0 else { return }
        change { $0.note(.size(size, isUpstreams: sizeIsUpstreams)) }
    }

    /// Notes who is asked for the blob, before any of its bytes or its size is noted as upstream's.
    public func note(_ origin: SpoolOrigin) {
        change { $0.note(.origin(origin)) }
    }

    /// Forgets all notes but who is asked, because bytes were found to be wrong and nobody knows which.
    public func startOver() {
        change { $0.startOver() }
    }

    private func change(_ body: (inout SpoolJournal) -> Void) {
        access.withLock { access in
            if access.isNamed, !access.isSealed { body(&access.journal) }
        }
    }

    // MARK: The end

    /// Lets nothing be written any more: what is verified after this is what will be read. A commit does it too, but
    /// a caller whose writers may be late calls it before the last look at the bytes.
    public func seal() {
        access.withLock { $0.isSealed = true }
    }

    /// Seals the file, and cuts off what lies behind the blob's end where it was thought to be longer. Cancelling the task does not stop
    /// it: what has been verified is to be kept.
    /// - Throws: `.io`.
    public func seal(to size: Int64) async throws(ContentError) {
        seal()
        guard try file.size() > size else { return }
        try await BlockingWork.run { [path, file] () throws(ContentError) in
            guard ftruncate(file.descriptor, off_t(size)) == 0 else {
                throw ContentError(.io, "\(path) cannot be cut to \(size) bytes: \(Errno(rawValue: errno))")
            }
        }
    }

    /// Removes the file. Readers keep their descriptor; the disk gets its space back with the last of them.
    public func discard() {
        access.withLock { access in
            guard access.isNamed else { return }
            access.isNamed = false
            leftovers.space.give(access.share.bytes)
            access.journal.remove()
            _ = path.withPlatformString { unlink($0) }
        }
    }

    /// Seals the file and leaves it, with its journal, for the next download of the blob, in this agent or after its restart. One of
    /// which no piece was noted is discarded. Readers keep their descriptor.
    public func leave() {
        let status = access.withLock { access -> stat? in
            access.isSealed = true
            guard access.isNamed, access.journal.isWorthwhile, let status = try? file.status() else { return nil }
            access.isNamed = false
            // The list of what was left counts it from now on.
            leftovers.space.give(access.share.bytes)
            // Readers may hold the descriptor for long, and the lock belongs to it.
            flock(file.descriptor, LOCK_UN)
            return status
        }
        if let status { leftovers.left(name, status) } else { discard() }
    }

    /// The file has another name now, in a store, which is not the spool's to remove.
    public func surrender() {
        access.withLock { access in
            if access.isNamed { leftovers.space.give(access.share.bytes) }
            access.isNamed = false
            access.journal.remove()
        }
    }
}
