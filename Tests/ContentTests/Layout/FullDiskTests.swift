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

    /// A layout on a tmpfs of a megabyte that may have far more, and a folder that is not on it.
    private struct Place {
        let outside: Scratch
        let disk: SmallDisk
        let inside: Scratch
        let layout: ImageLayout

        init() throws {
            outside = try Scratch()
            disk = try SmallDisk(at: outside.path.appending("disk"), bytes: 1 << 20)
            inside = try Scratch(in: disk.path)
            layout = try inside.layout()
        }

        /// Takes what is left of the disk, but for `rest` bytes.
        func fill(leaving rest: Int = 0) throws {
            try inside.write([UInt8](repeating: 1, count: disk.free - rest), to: hog)
        }

        var hog: FilePath { inside.path.appending("somebody-elses") }
    }

    private func content(_ number: Int) -> [UInt8] { bytes(Self.blobSize, seed: UInt8(number)) }

    @Test("Bytes that are put let go of the blobs used longest ago")
    func put() async throws {
        let place = try Place()
        for number in 0..<10 { try await place.layout.put(content(number), as: digestOf(content(number))) }
        #expect(place.layout.size(of: digestOf(content(9))) != nil)
        #expect(place.layout.size(of: digestOf(content(0))) == nil)
        #expect(place.layout.usage.bytes <= 1 << 20)
        #expect(try place.inside.names(in: place.inside.store.appending("tmp")) == [])
    }

    @Test("A copy from another filesystem lets go of the blobs used longest ago")
    func commit() async throws {
        let place = try Place()
        let spool = try place.outside.spool()
        for number in 0..<10 {
            let file = try spool.create(digestOf(content(number)))
            try file.write(content(number))
            let size = Int64(Self.blobSize)
            let blob = try await place.layout.commit(file, as: digestOf(content(number)), size: size)
            #expect(try await blob.collect(limit: 1 << 20) == content(number))
        }
        #expect(place.layout.size(of: digestOf(content(0))) == nil)
        #expect(try place.inside.names(in: place.inside.store.appending("tmp")) == [])
    }

    @Test("Where nothing can go, there is no space: the spool file stays, and nothing half-written")
    func nothingToLetGo() async throws {
        let place = try Place()
        try place.fill(leaving: 8192)
        let digest = digestOf(content(1))
        let put = await #expect(throws: ContentError.self) { try await place.layout.put(content(1), as: digest) }
        #expect(put?.code == .noSpace)
        #expect(put?.message.contains("store.capacity") == true)
        let file = try place.outside.spool().create(digest)
        try file.write(content(1))
        let commit = await #expect(throws: ContentError.self) {
            try await place.layout.commit(file, as: digest, size: Int64(Self.blobSize))
        }
        #expect(commit?.code == .noSpace)
        #expect(try place.outside.names(in: place.outside.path.appending("spool")).count == 1)
        #expect(try place.inside.names(in: place.inside.store.appending("tmp")) == [])
        #expect(place.layout.blobs() == [])
    }

    @Test("A spool file says that there is no space, and takes bytes again when there is")
    func spool() throws {
        let place = try Place()
        let file = try place.inside.spool().create(digestOf([]))
        try place.fill()
        let error = #expect(throws: ContentError.self) { try file.write(content(1)) }
        #expect(error?.code == .noSpace)
        #expect(unlink(place.hog.string) == 0)
        try file.write(content(1))
        #expect(try file.file.size() == Int64(Self.blobSize))
    }

    @Test("A record is written by letting blobs go, and is there after a restart")
    func record() async throws {
        let place = try Place()
        for number in 0..<3 { try await place.layout.put(content(number), as: digestOf(content(number))) }
        let image = try TestImage("a", layers: [])
        try await image.put(into: place.layout)
        try place.fill()
        try await place.layout.record(try image.record("nginx"))
        #expect(place.layout.size(of: digestOf(content(0))) == nil)
        let again = try place.inside.layout()
        #expect(again.images().map(\.digest) == [image.digest])
        #expect(again.usage.blobs == place.layout.usage.blobs)
    }
}
