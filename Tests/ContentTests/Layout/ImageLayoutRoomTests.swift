import Content
import Glibc
import OCI
import SystemPackage
import Testing

@Suite("How an image layout makes room")
struct ImageLayoutRoomTests {
    /// A layout with blobs of 1,000 bytes, put in order.
    private func filled(_ count: Int, capacity: Int64, _ scratch: Scratch) async throws -> (ImageLayout, [Digest]) {
        let layout = try scratch.layout(capacity: capacity)
        var digests: [Digest] = []
        for number in 0..<count {
            let content = bytes(1_000, seed: UInt8(number))
            try await layout.put(content, as: digestOf(content))
            digests.append(digestOf(content))
        }
        return (layout, digests)
    }

    private func held(_ digests: [Digest], by layout: ImageLayout) -> [Int] {
        digests.indices.filter { layout.size(of: digests[$0]) != nil }
    }

    @Test("The capacity is never exceeded: those used longest ago go")
    func capacity() async throws {
        let scratch = try Scratch()
        let (layout, digests) = try await filled(5, capacity: 3_500, scratch)
        #expect(held(digests, by: layout) == [2, 3, 4])
        #expect(layout.usage.bytes == 3_000)
        #expect(layout.usage.capacity == 3_500)
    }

    @Test("Opening a blob counts as use")
    func use() async throws {
        let scratch = try Scratch()
        let (layout, digests) = try await filled(3, capacity: 3_000, scratch)
        _ = try await layout.open(digests[0])
        try await layout.put(bytes(1_000, seed: 99), as: digestOf(bytes(1_000, seed: 99)))
        #expect(held(digests, by: layout) == [0, 2])
    }

    @Test("Asking for a blob's size does not")
    func sizeIsNoUse() async throws {
        let scratch = try Scratch()
        let (layout, digests) = try await filled(3, capacity: 3_000, scratch)
        #expect(layout.size(of: digests[0]) == 1_000)
        layout.makeRoom(for: 1)
        #expect(held(digests, by: layout) == [1, 2])
    }

    @Test("A blob larger than the whole capacity does not enter, nothing goes for it, and the spool file stays")
    func exceedsCapacity() async throws {
        let scratch = try Scratch()
        let (layout, digests) = try await filled(2, capacity: 2_500, scratch)
        let content = bytes(2_501)
        let file = try scratch.spool().create(digestOf(content))
        try file.write(content)
        let errors = [
            await #expect(throws: ContentError.self) {
                try await layout.commit(file, as: digestOf(content), size: 2_501)
            },
            await #expect(throws: ContentError.self) { try await layout.put(content, as: digestOf(content)) },
        ]
        #expect(errors.map { $0?.code } == [.exceedsCapacity, .exceedsCapacity])
        #expect(held(digests, by: layout) == [0, 1])
        #expect(try scratch.names(in: scratch.path.appending("spool")).count == 1)
        #expect(try await StoredBlob(digest: digestOf(content), size: 2_501, file: file.file).collect() == content)
    }

    @Test(
        "Making room lets go of as many as needed and tells how many bytes that were",
        arguments: [(0, 0), (1, 1_000), (1_000, 1_000), (1_001, 2_000), (1 << 40, 3_000)] as [(Int64, Int64)])
    func makeRoom(_ wanted: Int64, _ freed: Int64) async throws {
        let scratch = try Scratch()
        let (layout, _) = try await filled(3, capacity: 10_000, scratch)
        #expect(layout.makeRoom(for: wanted) == freed)
        #expect(layout.usage.bytes == 3_000 - freed)
        #expect(try scratch.names(in: scratch.store.appending("blobs/sha256")).count == layout.usage.blobs)
    }

    @Test("The order of use outlives a restart")
    func orderAfterRestart() async throws {
        let scratch = try Scratch()
        let (first, digests) = try await filled(4, capacity: 4_000, scratch)
        _ = try await first.open(digests[1])
        // The file's time says it, in nanoseconds; a disk may keep them coarser than two puts are apart.
        for (index, digest) in digests.enumerated() where index != 1 {
            let times = [timespec(tv_sec: 1_000 + index, tv_nsec: 0), timespec(tv_sec: 1_000 + index, tv_nsec: 0)]
            #expect(utimensat(AT_FDCWD, scratch.blobPath(digest).string, times, 0) == 0)
        }
        let second = try scratch.layout(capacity: 4_000)
        #expect(held(digests, by: second) == [0, 1, 2, 3])
        for expected in [[1, 2, 3], [1, 3], [1]] {
            second.makeRoom(for: 1)
            #expect(held(digests, by: second) == expected)
        }
    }

    @Test("A use reaches the file's time of use, and not that of its last change")
    func useReachesTheFile() async throws {
        let scratch = try Scratch()
        let (layout, digests) = try await filled(1, capacity: 4_000, scratch)
        let path = scratch.blobPath(digests[0]).string
        let long = [timespec(tv_sec: 1_000, tv_nsec: 0), timespec(tv_sec: 1_000, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, path, long, 0) == 0)
        _ = try await layout.open(digests[0])
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_atim.tv_sec > 1_000)
        #expect(status.st_mtim.tv_sec == 1_000)
    }

    @Test("A capacity that was lowered counts from the start")
    func lowered() async throws {
        let scratch = try Scratch()
        _ = try await filled(4, capacity: 4_000, scratch)
        let layout = try scratch.layout(capacity: 2_000)
        #expect(layout.usage.bytes == 2_000)
        #expect(try scratch.names(in: scratch.store.appending("blobs/sha256")).count == 2)
    }

    @Test("Removing what is not held is as good as removing it")
    func removeAbsent() async throws {
        let scratch = try Scratch()
        try scratch.layout().remove(digestOf([1]))
    }

    @Test("What is kept when it would be removed stays, though it was not when that was decided")
    func removalAsks() async throws {
        let scratch = try Scratch()
        let (layout, digests) = try await filled(3, capacity: 10_000, scratch)
        layout.keep([digests[0]])
        let decision = layout.beginKeeping()
        layout.keepToo(digests[1])
        // Another decision meanwhile, which knows of all, takes nothing of it away, and adds nothing to it.
        layout.keep(Set(digests))
        var went: [Bool] = []
        for digest in digests { went.append(try await layout.deleteUnlessKept(digest, since: decision)) }
        #expect(went == [true, false, true])
        #expect(held(digests, by: layout) == [1])
        #expect(try layout.removeUnlessKept(digests[1]) == false)
        layout.keep([])
        #expect(try layout.removeUnlessKept(digests[1]))
        #expect(try layout.removeUnlessKept(digests[1]) == false, "it is gone")
        #expect(!scratch.exists(scratch.blobPath(digests[1])))
    }

    @Test("What was kept while it was decided what is kept stays kept, and a late decision takes nothing back")
    func lateDecision() async throws {
        let scratch = try Scratch()
        let (layout, digests) = try await filled(3, capacity: 10_000, scratch)
        let (late, early) = (layout.beginKeeping(), layout.beginKeeping())
        layout.keepToo(digests[0])
        layout.keep([digests[1]], as: early)
        layout.keep([digests[2]], as: late)
        #expect(digests.map(layout.isKept) == [true, true, false])
        layout.keep([])
        #expect(digests.map(layout.isKept) == [false, false, false])
    }
}
