import Glibc
import OCI
import SystemPackage
import Testing

@testable import Content

@Suite("The ledger of proofs")
struct ProofLedgerTests {
    private let digest = digestOf(bytes(10))
    private let file = FileIdentity(device: 1, inode: 2, size: 10, modified: 3_000_000_000)

    private func ledger(
        _ scratch: Scratch, window: CrashWindow? = nil, capacity: Int = 100, log: LogRecorder = LogRecorder()
    ) -> ProofLedger {
        ProofLedger(path: path(scratch), window: window, capacity: capacity, logger: log.logger)
    }

    private func path(_ scratch: Scratch) -> FilePath { scratch.path.appending("proofs").appending("store") }

    @Test("A file that was hashed is proven, and no other file of the digest is")
    func sameFile() throws {
        let ledger = ledger(try Scratch())
        ledger.record(digest, as: file, at: 77)
        #expect(ledger.isProven(digest, as: file))
        #expect(ledger.provenAt(digest) == 77)
        #expect(!ledger.isProven(digest, as: nil))
        #expect(!ledger.isProven(digestOf(bytes(11)), as: file))
    }

    @Test(
        "A file with another inode, size, time or filesystem is unproven",
        arguments: [
            FileIdentity(device: 9, inode: 2, size: 10, modified: 3_000_000_000),
            FileIdentity(device: 1, inode: 9, size: 10, modified: 3_000_000_000),
            FileIdentity(device: 1, inode: 2, size: 9, modified: 3_000_000_000),
            FileIdentity(device: 1, inode: 2, size: 10, modified: 3_000_000_001),
        ])
    func otherFile(_ other: FileIdentity) throws {
        let ledger = ledger(try Scratch())
        ledger.record(digest, as: file, at: 77)
        #expect(!ledger.isProven(digest, as: other))
        #expect(ledger.provenAt(digest, as: other) == nil)
    }

    @Test("Proofs survive a restart once they are flushed", arguments: Digest.Algorithm.allCases)
    func restart(_ algorithm: Digest.Algorithm) throws {
        let scratch = try Scratch()
        let digest = digestOf(bytes(10), algorithm)
        let first = ledger(scratch)
        first.record(digest, as: file, at: 77)
        #expect(!scratch.exists(path(scratch)))
        first.flush()
        let second = ledger(scratch)
        #expect(second.isProven(digest, as: file))
        #expect(second.provenAt(digest) == 77)
    }

    @Test("Nothing is written where nothing is new")
    func seldom() throws {
        let scratch = try Scratch()
        let ledger = ledger(scratch)
        ledger.flush()
        #expect(!scratch.exists(path(scratch)))
        ledger.record(digest, as: file, at: 77)
        ledger.flush()
        let written = FileIdentity(at: path(scratch))
        ledger.flush()
        #expect(FileIdentity(at: path(scratch)) == written)
    }

    @Test("What is forgotten stays forgotten after a restart")
    func forgetting() throws {
        let scratch = try Scratch()
        let first = ledger(scratch)
        first.record(digest, as: file, at: 77)
        first.flush()
        first.forget(digest)
        first.flush()
        #expect(ledger(scratch).provenAt(digest) == nil)
    }

    @Test("The proofs made longest ago go first where there are too many")
    func bounded() throws {
        let ledger = ledger(try Scratch(), capacity: 20)
        let digests = (0..<21).map { digestOf(bytes(8, seed: UInt8($0))) }
        for (index, digest) in digests.enumerated() { ledger.record(digest, as: file, at: Int64(index)) }
        #expect(digests.map { ledger.isProven($0, as: file) } == (0..<21).map { $0 >= 3 })
    }

    @Test(
        "A damaged file is moved aside with a warning, and begun anew",
        arguments: ["nothing", "cut", "flipped", "another format", "folder"])
    func damaged(_ damage: String) throws {
        let scratch = try Scratch()
        let first = ledger(scratch)
        first.record(digest, as: file, at: 77)
        first.flush()
        var content = try scratch.read(path(scratch))
        switch damage {
        case "nothing": content = []
        case "cut": content.removeLast(20)
        case "flipped": content[30] ^= 1
        case "another format": content[13] = UInt8(ascii: "9")
        default:
            unlink(path(scratch).string)
            mkdir(path(scratch).string, 0o700)
        }
        if damage != "folder" { try scratch.write(content, to: path(scratch)) }
        let log = LogRecorder()
        let second = ledger(scratch, log: log)
        #expect(second.provenAt(digest) == nil)
        #expect(log.warnings.count == 1)
        #expect(scratch.exists(FilePath("\(path(scratch)).damaged")))
        second.record(digest, as: file, at: 78)
        second.flush()
        #expect(ledger(scratch).provenAt(digest) == 78)
    }

    @Test("Where the disk refuses there is a warning, and the next flush tries again")
    func refused() throws {
        let scratch = try Scratch()
        let log = LogRecorder()
        let ledger = ledger(scratch, log: log)
        ledger.record(digest, as: file, at: 77)
        try scratch.write([], to: scratch.path.appending("proofs"))
        ledger.flush()
        #expect(log.warnings.count == 1)
        unlink(scratch.path.appending("proofs").string)
        ledger.flush()
        #expect(self.ledger(scratch).provenAt(digest) == 77)
    }

    @Test("After a crash proofs of files younger than it are forgotten, and such files doubtful until they are proven")
    func crash() throws {
        let scratch = try Scratch()
        let first = ledger(scratch)
        let old = digestOf(bytes(5))
        let oldFile = FileIdentity(device: 1, inode: 3, size: 5, modified: 2_000_000_000)
        first.record(digest, as: file, at: 4)
        first.record(old, as: oldFile, at: 4)
        first.flush()
        let second = ledger(scratch, window: CrashWindow(since: 2_500_000_000, until: 9_000_000_000))
        #expect(second.isProven(old, as: oldFile))
        #expect(!second.isProven(digest, as: file))
        #expect(second.isDoubtful(digest, as: file))
        #expect(!second.isDoubtful(digestOf([]), as: oldFile))
        second.record(digest, as: file, at: 10)
        #expect(!second.isDoubtful(digest, as: file))
    }

    @Test("A file that could not be read is doubtful until it has been hashed, also after a restart or a crash")
    func doubted() throws {
        let scratch = try Scratch()
        let first = ledger(scratch)
        first.record(digest, as: file, at: 4)
        first.doubt(digest, as: file)
        first.flush()
        let second = ledger(scratch, window: CrashWindow(since: 2_500_000_000, until: 9_000_000_000))
        #expect(second.isDoubted(digest) && second.isDoubtful(digest, as: file))
        #expect(!second.isProven(digest, as: file))
        #expect(second.provenAt(digest) == nil && second.provenAt(digest, as: file) == nil)
        second.record(digest, as: file, at: 10)
        #expect(!second.isDoubted(digest) && !second.isDoubtful(digest, as: file))
        #expect(second.isProven(digest, as: file))
    }

    @Test("A proof made after the crash still counts where its window is remembered")
    func provenSince() throws {
        let scratch = try Scratch()
        let window = CrashWindow(since: 2_500_000_000, until: 9_000_000_000)
        let first = ledger(scratch, window: window)
        first.record(digest, as: file, at: 10)
        first.flush()
        #expect(ledger(scratch, window: window).isProven(digest, as: file))
    }

    @Test("Twenty thousand proofs are written and read again")
    func many() throws {
        let scratch = try Scratch()
        let first = ledger(scratch, capacity: 200_000)
        for number in 0..<20_000 {
            var hash = [UInt8](repeating: 7, count: 32)
            withUnsafeBytes(of: number) { hash.replaceSubrange(0..<8, with: $0) }
            first.record(try Digest(algorithm: .sha256, bytes: hash), as: file, at: Int64(number))
        }
        first.flush()
        var hash = [UInt8](repeating: 7, count: 32)
        withUnsafeBytes(of: 19_999) { hash.replaceSubrange(0..<8, with: $0) }
        #expect(ledger(scratch, capacity: 200_000).provenAt(try Digest(algorithm: .sha256, bytes: hash)) == 19_999)
    }
}
