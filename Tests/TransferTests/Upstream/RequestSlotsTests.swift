import OCI
import Synchronization
import Testing

@testable import Transfer

struct RequestSlotsTests {
    private let registry = RegistryName.dockerHub
    private let slots = RequestSlots(limits: [.blob: 1, .question: 1])

    /// Somebody who waits, and says who it is when it has its turn.
    private func wait(_ name: Int, _ turns: Turns) async throws -> Task<Void, Never> {
        let before = slots.waiting(registry, .blob)
        let task = Task { [slots, registry] in
            let slot = await slots.acquire(registry, .blob)
            if slot != nil { turns.names.withLock { $0.append(name) } }
        }
        try await eventually { slots.waiting(registry, .blob) == before + 1 }
        return task
    }

    private final class Turns: Sendable {
        let names = Mutex<[Int]>([])
    }

    @Test("Who waits has its turn in the order in which it came")
    func order() async throws {
        let turns = Turns()
        let slot = try #require(await slots.acquire(registry, .blob))
        let tasks = [try await wait(1, turns), try await wait(2, turns), try await wait(3, turns)]
        slot.release()
        for task in tasks { await task.value }
        #expect(turns.names.withLock { $0 } == [1, 2, 3])
    }

    @Test("Who is cancelled leaves its place to the next one, and no slot is lost")
    func cancellation() async throws {
        let turns = Turns()
        let slot = try #require(await slots.acquire(registry, .blob))
        let first = try await wait(1, turns)
        let second = try await wait(2, turns)
        first.cancel()
        await first.value
        #expect(slots.waiting(registry, .blob) == 1)
        slot.release()
        await second.value
        #expect(turns.names.withLock { $0 } == [2])
        let next = await slots.acquire(registry, .blob)
        #expect(next != nil)
    }

    @Test("A slot that is given back twice is one slot")
    func once() async throws {
        let turns = Turns()
        let slot = try #require(await slots.acquire(registry, .blob))
        slot.release()
        slot.release()
        let held = try #require(await slots.acquire(registry, .blob))
        let task = try await wait(1, turns)
        held.release()
        await task.value
    }

    @Test("Who goes beyond the limit takes no place of those who wait, and there is a limit to that, too")
    func beyond() async throws {
        let turns = Turns()
        let slot = try #require(await slots.acquire(registry, .blob))
        let task = try await wait(1, turns)
        let beyond = (1..<RequestSlots.most).map { _ in slots.acquireBeyond(registry, .blob) }
        #expect(beyond.allSatisfy { $0 != nil })
        #expect(slots.acquireBeyond(registry, .blob) == nil)
        for slot in beyond { slot?.release() }
        #expect(slots.waiting(registry, .blob) == 1)
        slot.release()
        await task.value
        #expect(turns.names.withLock { $0 } == [1])
    }

    @Test("Other registries and other purposes have slots of their own")
    func others() async throws {
        let held = try #require(await slots.acquire(registry, .blob))
        let question = await slots.acquire(registry, .question)
        let other = await slots.acquire(try RegistryName("ghcr.io"), .blob)
        #expect(question != nil)
        #expect(other != nil)
        held.release()
    }
}

struct CrowdTests {
    private let bytes = someBytes(300_000)

    @Test("More blobs than slots all come, though one that came before them is never done")
    func blobs() async throws {
        try await UpstreamFixture(connections: 2).run { stub, client, origin in
            let slow = stub.add(blob: someBytes(5000))
            let blob = stub.add(blob: bytes)
            stub.script(paths(blob: slow), [.stall(after: 1000)])
            let held = try await client.blob(slow, at: origin, range: nil)
            let bytes = bytes
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 { group.addTask { try await client.bytes(of: blob, at: origin) == bytes } }
                for try await isWhole in group { #expect(isWhole) }
            }
            #expect(!client.isKnownUnreachable(origin.registry))
            withExtendedLifetime(held) {}
        }
    }

    @Test("Questions that waited for others for longer than upstream may take are asked all the same")
    func questions() async throws {
        try await UpstreamFixture(connections: 1).run { stub, client, origin in
            let digest = stub.add(manifest: Array("{}".utf8), tag: "latest")
            stub.script("/v2/library/app/manifests/mute", [.mute])
            let latest = ManifestReference.tag(try Tag("latest"))
            let mute = ManifestReference.tag(try Tag("mute"))
            _ = try await client.meaning(of: latest, at: origin)
            let first = Task { try? await client.head(mute, at: origin, accept: [], deadline: .seconds(5)) }
            try await eventually { stub.requests.count == 2 }
            try await withThrowingTaskGroup(of: Digest?.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        try await client.head(latest, at: origin, accept: [], deadline: .seconds(4)).digest
                    }
                }
                for try await meaning in group { #expect(meaning == digest) }
            }
            let unanswered = await first.value
            #expect(unanswered == nil)
        }
    }

    @Test("A body that brings bytes makes late answers beside it slowness")
    func heard() async throws {
        try await UpstreamFixture().run { stub, client, origin in
            let blob = stub.add(blob: bytes)
            _ = try await client.bytes(of: blob, at: origin)
            for _ in 0..<3 { client.reachability.withLock { $0.wasLate(origin.registry, now: .now) } }
            #expect(!client.isKnownUnreachable(origin.registry))
            let again = try await client.bytes(of: blob, at: origin)
            #expect(again == bytes)
        }
    }
}
