import Content
import Glibc
import OCI
import SystemPackage
import Testing

/// Tests run as root, whom permission bits do not stop: these are obstacles that stop root too.
@Suite("Folders that cannot be used")
struct FolderTests {
    private func error(for folder: FilePath, _ open: (FilePath) throws -> Void) throws -> ContentError {
        try #require(#expect(throws: ContentError.self) { try open(folder) })
    }

    private static func openStore(_ path: FilePath) throws {
        _ = try ImageLayout(directory: path, capacity: 1, logger: LogRecorder().logger)
    }

    private static func openSpool(_ path: FilePath) throws {
        _ = try Spool(directory: path)
    }

    @Test("Where a file is in the way, the error names it and the mend")
    func fileInTheWay() throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("file")
        try scratch.write([1], to: path)
        for open in [Self.openStore, Self.openSpool] {
            for folder in [path, path.appending("below")] {
                let error = try error(for: folder, open)
                #expect(error.code == .unusable)
                #expect(error.message.contains(path.string))
                #expect(error.message.contains("choose another folder"))
                #expect(try scratch.read(path) == [1])
            }
        }
    }

    @Test("Where no folder can be made, the error names it and the mend")
    func noFolderCanBeMade() throws {
        for open in [Self.openStore, Self.openSpool] {
            let error = try error(for: "/proc/self/shoal", open)
            #expect(error.code == .unusable)
            #expect(error.message.contains("/proc/self/shoal"))
            #expect(error.message.contains("choose another folder"))
        }
    }

    @Test(
        "On a filesystem that is mounted read-only, the error says so",
        .enabled(if: Surroundings.isRoot && (Surroundings.canMount || Surroundings.isCI), "mounting needs root"))
    func readOnly() throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(at: scratch.path.appending("disk"), bytes: 1 << 20)
        let folder = disk.path.appending("store")
        #expect(mkdir(folder.string, 0o700) == 0)
        #expect(
            mount("shoal-test", disk.path.string, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
        for open in [Self.openStore, Self.openSpool] {
            let error = try error(for: folder, open)
            #expect(error.code == .unusable)
            #expect(error.message.contains(folder.string))
            #expect(error.message.contains("mount it writable"))
        }
    }

    @Test("Missing folders are made, and only the agent may look into the last of them")
    func made() throws {
        let scratch = try Scratch()
        let path = scratch.path.appending("a/b/c")
        try Self.openSpool(path)
        var status = stat()
        #expect(stat(path.string, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
    }
}
