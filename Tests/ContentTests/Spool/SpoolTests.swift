import Content
import Glibc
import OCI
import SystemPackage
import Testing

@Suite("The spool")
struct SpoolTests {
    @Test("What an agent that died has left is wiped at the start")
    func leftovers() throws {
        let scratch = try Scratch()
        _ = try scratch.spool()
        let folder = scratch.path.appending("spool")
        try scratch.write(bytes(100), to: folder.appending("sha256-\(digestOf([1]).hex).7.spool"))
        try scratch.write(bytes(100), to: folder.appending("sha512-\(digestOf([1], .sha512).hex).1.spool"))
        _ = try scratch.spool()
        #expect(try scratch.names(in: folder) == [])
    }

    @Test("Files of others are left alone: the folder may be /tmp")
    func others() throws {
        let scratch = try Scratch()
        _ = try scratch.spool()
        let folder = scratch.path.appending("spool")
        let hex = digestOf([1]).hex
        let names = [
            "letter.txt", "x.spool", "sha256-\(hex).spool", "sha256-\(hex).-1.spool", "sha256-\(hex).01.spool",
            "sha256-\(hex.dropLast()).1.spool", "sha256-\(hex.uppercased()).1.spool", "md5-\(hex).1.spool",
        ]
        for name in names { try scratch.write([1], to: folder.appending(name)) }
        #expect(mkdir(folder.appending("sha256-\(hex).1.spool").string, 0o700) == 0)
        _ = try scratch.spool()
        #expect(try Set(scratch.names(in: folder)) == Set(names + ["sha256-\(hex).1.spool"]))
    }

    @Test("A file that a living agent writes is not wiped, and its name not taken")
    func inUse() throws {
        let scratch = try Scratch()
        let first = try scratch.spool().create(digestOf([1]))
        try first.write([1, 2, 3])
        let second = try scratch.spool().create(digestOf([1]))
        try second.write([4])
        #expect(try scratch.names(in: scratch.path.appending("spool")).count == 2)
        #expect(try first.file.size() == 3)
        withExtendedLifetime(second) {}
    }

    @Test("Several files for one digest do not disturb each other")
    func several() throws {
        let scratch = try Scratch()
        let spool = try scratch.spool()
        let files = try (0..<3).map { _ in try spool.create(digestOf([1])) }
        files[0].discard()
        let names = try scratch.names(in: scratch.path.appending("spool"))
        #expect(names.count == 2)
        // A file goes with its last reference, which an optimised build sees end before the names are counted.
        withExtendedLifetime(files) {}
    }
}
