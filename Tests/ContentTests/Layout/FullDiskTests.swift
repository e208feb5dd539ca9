import Content
import Glibc
import OCI
import SystemPackage
import Testing

@Suite(
    "On a full disk",
    .enabled(
        if: Surroundings.isRoot && (Surroundings.canMount || Surroundings.isCI),
        "a small tmpfs must be mounted for these, which needs root"))
struct FullDiskTests {
    private static let blobSize = 200_000

    /// A scratch folder on a tmpfs of a megabyte, and a layout there that may have far more.
    private func full() throws -> (disk: SmallDisk, outside: Scratch, inside: Scratch, layout: ImageLayout) {
        let outside = try Scratch()
        let disk = try SmallDisk(at: outside.path.appending("disk"), bytes: 1 << 20)
        let inside = try Scratch(in: disk.path)
        return (disk, outside, inside, try inside.layout())
    }

    private func content(_ number: Int) -> [UInt8] { bytes(Self.blobSize, seed: UInt8(number)) }

    @Test("Bytes that are put let go of the blobs used longest ago")
    func put() async throws {
        let (disk, _, inside, layout) = try full()
        for number in 0..<10 { try await layout.put(content(number), as: digestOf(content(number))) }
        #expect(layout.size(of: digestOf(content(9))) != nil)
        #expect(layout.size(of: digestOf(content(0))) == nil)
        #expect(layout.usage.bytes <= 1 << 20)
        #expect(try inside.names(in: inside.store.appending("tmp")) == [])
        #expect(disk.free >= 0)
    }

    @Test("A copy from another filesystem lets go of the blobs used longest ago")
    func commit() async throws {
        let (_, outside, inside, layout) = try full()
        let spool = try outside.spool()
        for number in 0..<10 {
            let file = try spool.create(digestOf(content(number)))
            try file.write(content(number))
            let size = Int64(Self.blobSize)
            let blob = try await layout.commit(file, as: digestOf(content(number)), size: size)
            #expect(try await blob.collect(limit: 1 << 20) == content(number))
        }
        #expect(layout.size(of: digestOf(content(0))) == nil)
        #expect(try inside.names(in: inside.store.appending("tmp")) == [])
    }

    @Test("Where nothing can go, there is no space: the spool file stays, and nothing half-written")
    func nothingToLetGo() async throws {
        let (disk, outside, inside, layout) = try full()
        try inside.write([UInt8](repeating: 1, count: disk.free - 8192), to: inside.path.appending("somebody-elses"))
        let digest = digestOf(content(1))
        let put = await #expect(throws: ContentError.self) { try await layout.put(content(1), as: digest) }
        #expect(put?.code == .noSpace)
        #expect(put?.message.contains("store.capacity") == true)
        let file = try outside.spool().create(digest)
        try file.write(content(1))
        let commit = await #expect(throws: ContentError.self) {
            try await layout.commit(file, as: digest, size: Int64(Self.blobSize))
        }
        #expect(commit?.code == .noSpace)
        #expect(try outside.names(in: outside.path.appending("spool")).count == 1)
        #expect(try inside.names(in: inside.store.appending("tmp")) == [])
        #expect(layout.blobs() == [])
    }

    @Test("A spool file says that there is no space, and takes bytes again when there is")
    func spool() throws {
        let (disk, _, inside, _) = try full()
        let hog = inside.path.appending("somebody-elses")
        let file = try inside.spool().create(digestOf([]))
        try inside.write([UInt8](repeating: 1, count: disk.free), to: hog)
        let error = #expect(throws: ContentError.self) { try file.write(content(1)) }
        #expect(error?.code == .noSpace)
        #expect(unlink(hog.string) == 0)
        try file.write(content(1))
        #expect(try file.file.size() == Int64(Self.blobSize))
    }

    @Test("A record is written by letting blobs go, and is there after a restart")
    func record() async throws {
        let (disk, _, inside, layout) = try full()
        for number in 0..<3 { try await layout.put(content(number), as: digestOf(content(number))) }
        let image = try TestImage("a", layers: [])
        try await image.put(into: layout)
        try inside.write([UInt8](repeating: 1, count: disk.free), to: inside.path.appending("somebody-elses"))
        // The manifest was used last, so it is the last to go; freeing all of them loses it, and the record with it.
        do {
            try await layout.record(try image.record("nginx"))
        } catch let error as ContentError {
            #expect([.noSpace, .notFound].contains(error.code))
        }
        let again = try inside.layout()
        #expect(again.images() == layout.images())
        #expect(again.usage.blobs == layout.usage.blobs)
    }
}
