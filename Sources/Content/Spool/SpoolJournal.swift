import Glibc
import OCI
import SystemPackage

/// The append-only file beside a spool file that says which pieces are there and by what they can be checked again, for the agent after this one.
///
/// One small write for a piece, and no sync: after a power cut a piece may be noted whose bytes are lost, so nothing in here
/// counts before the bytes have been read. Best effort: a journal that cannot be written says less, and nothing wrong.
struct SpoolJournal {
    /// Of a journal, in bytes: 190,000 notes. Further ones are not noted.
    static let sizeLimit: Int64 = 16 << 20

    private let path: FilePath
    private let digest: Digest
    private var coder: SpoolRecordCoder
    /// Nil until the first piece is there to be noted: most blobs are stored before, and need no journal.
    private var file: OpenFile?
    private var length: Int64 = 0
    // Noted before the first piece, and nothing to make a file for.
    private var size: SpoolRecord?
    private var origin: SpoolRecord?
    private var isBroken = false

    /// One that is not there yet.
    init(path: FilePath, digest: Digest) {
        self.path = path
        self.digest = digest
        coder = SpoolRecordCoder(digest)
    }

    /// Opens what a former agent left, and cuts a torn end off.
    /// - Returns: nil where there is nothing to go on from.
    init?(adopting path: FilePath, digest: Digest) {
        self.init(path: path, digest: digest)
        guard let bytes = open(limit: Self.sizeLimit), let file else { return nil }
        let recovered = read(bytes)
        guard recovered.isWorthwhile, ftruncate(file.descriptor, off_t(length)) == 0 else { return nil }
        self.recovered = recovered
    }

    /// Opens the file that is there, and reads its first bytes.
    private mutating func open(limit: Int64) -> [UInt8]? {
        guard let file = try? OpenFile.open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK), file.isOwn,
            let size = try? file.size()
        else { return nil }
        self.file = file
        return try? file.readAll(size: min(size, limit))
    }

    /// What the journal said when it was adopted.
    private(set) var recovered: RecoveredSpool?

    /// Whether there is a journal that can be gone on from: it says so in its first three records.
    static func isSound(at path: FilePath, digest: Digest) -> Bool {
        var start = SpoolJournal(path: path, digest: digest)
        guard let bytes = start.open(limit: Int64(SpoolRecordCoder.mark.count + 3 * SpoolRecordCoder.length)) else {
            return false
        }
        return start.read(bytes).isWorthwhile
    }

    /// Whether a piece has been noted.
    var isWorthwhile: Bool { file != nil }

    /// Notes something that is so already.
    mutating func note(_ record: SpoolRecord) {
        switch record {
        case .size, .origin:
            guard record != size, record != origin else { return }
            remember(record)
            // There is nothing yet that it would be the size or the origin of.
            if file == nil { return }
        case .piece: break
        }
        guard !isBroken, length < Self.sizeLimit else { return }
        if file == nil { create(record) } else { append(coder.encode(record)) }
    }

    /// Forgets everything that was noted, but for who is asked.
    mutating func startOver() {
        remove()
        let origin = origin
        self = SpoolJournal(path: path, digest: digest)
        self.origin = origin
    }

    /// Removes the file.
    mutating func remove() {
        guard file.take() != nil else { return }
        _ = path.withPlatformString { unlink($0) }
    }

    private mutating func create(_ first: SpoolRecord) {
        // Whoever has the spool file's name has this one, too: what stands there was forgotten by somebody.
        _ = path.withPlatformString { unlink($0) }
        guard let new = try? OpenFile.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600) else {
            isBroken = true
            return
        }
        file = new
        append([size, origin, first].compactMap(\.self).reduce(into: SpoolRecordCoder.mark) { $0 += coder.encode($1) })
    }

    private mutating func append(_ bytes: [UInt8]) {
        guard let file else { return }
        do throws(ContentError) {
            try bytes.withUnsafeBufferPointer { (bytes) throws(ContentError) in
                try file.write(UnsafeRawBufferPointer(bytes), at: length)
            }
            length += Int64(bytes.count)
        } catch {
            // What is torn ends the journal for its reader: nothing may follow.
            isBroken = true
        }
    }

    private mutating func remember(_ record: SpoolRecord) {
        switch record {
        case .size: size = record
        case .origin: origin = record
        case .piece: break
        }
    }

    /// Takes in the records up to the first that is not sound.
    private mutating func read(_ bytes: [UInt8]) -> RecoveredSpool {
        var recovered = RecoveredSpool()
        guard bytes.starts(with: SpoolRecordCoder.mark) else { return recovered }
        var rest = bytes.dropFirst(SpoolRecordCoder.mark.count)
        length = Int64(SpoolRecordCoder.mark.count)
        while let record = coder.decode(rest.prefix(SpoolRecordCoder.length)) {
            recovered.take(record)
            remember(record)
            rest = rest.dropFirst(SpoolRecordCoder.length)
            length += Int64(SpoolRecordCoder.length)
        }
        return recovered
    }
}

extension OpenFile {
    /// Whether it is a regular file of this agent's user that nobody else may write: in a folder like `/tmp` a name alone says nothing.
    var isOwn: Bool {
        guard let status = try? status() else { return false }
        return status.st_mode & S_IFMT == S_IFREG && status.st_uid == geteuid() && status.st_mode & 0o022 == 0
    }
}
