import Logging
import NIOCore
import NIOPosix
import OCI
import ServiceLifecycle
import Testing

@testable import Discovery

@Suite(.timeLimit(.minutes(1))) struct DiscoveryServiceTests {
    private let lan = LoopbackLAN()

    @Test("nodes find each other within two seconds")
    func findEachOther() async throws {
        let (a, b, c) = (lan.join(1), lan.join(2), lan.join(3))
        try await running(a, b, c) {
            await eventually("all see each other", within: .seconds(2)) {
                a.sees(b, c) && b.sees(a, c) && c.sees(a, b)
            }
        }
    }

    @Test("a new blob is known to the others within half a second")
    func newBlob() async throws {
        let (a, b) = (lan.join(1), lan.join(2))
        try await running(a, b) {
            await eventually("they see each other") { a.sees(b) && b.sees(a) }
            a.inventory.set(blobs: Samples.entries(0..<3), references: [])
            await eventually("b knows", within: .milliseconds(500)) { b.finds(Samples.digest(2), at: a) }
            a.inventory.set(blobs: Samples.entries(0..<2), references: [])
            await eventually("b knows that it has gone") { !b.finds(Samples.digest(2), at: a) }
            #expect(b.directory.isInStep)
        }
    }

    @Test("a large inventory is fetched over HTTP, in pages")
    func largeInventory() async throws {
        let (a, b) = (lan.join(1), lan.join(2))
        a.inventory.set(blobs: Samples.entries(0..<12_000), references: [])
        try await running(a, b) {
            await eventually("b knows all of it") { b.directory.peer(a.identity.id)?.blobs == 12_000 }
            #expect(b.finds(Samples.digest(11_999), at: a))
        }
    }

    @Test("a node that leaves says Bye and is gone at once")
    func bye() async throws {
        let (a, b) = (lan.join(1), lan.join(2))
        try await running(a) {
            try await running(b) {
                await eventually("a sees b") { a.sees(b) }
            }
            await eventually("a no longer sees b", within: .seconds(2)) { a.directory.peers().isEmpty }
        }
    }

    @Test("a node that starts anew is the same node with a new epoch, and its old blobs are gone")
    func restart() async throws {
        let a = lan.join(1)
        let first = lan.join(2, epoch: 1)
        try await running(a) {
            try await running(first) {
                first.inventory.set(blobs: Samples.entries(0..<1), references: [])
                await eventually("a knows the blob") { a.finds(Samples.digest(0), at: first) }
            }
            lan.unplug(first)
            let second = lan.join(2, epoch: 2)
            try await running(second) {
                second.inventory.set(blobs: Samples.entries(1..<2), references: [])
                await eventually("a knows the new blob and not the old one") {
                    a.finds(Samples.digest(1), at: second) && !a.finds(Samples.digest(0), at: second)
                }
                #expect(a.directory.peer(second.identity.id)?.epoch == 2)
            }
        }
    }

    @Test("nodes with a key see those with the same key and nobody else")
    func clusters() async throws {
        let red = try Samples.key(1)
        let blue = try Samples.key(2)
        let (a, b) = (lan.join(1, key: red), lan.join(2, key: red))
        let (c, d) = (lan.join(3, key: blue), lan.join(4))
        try await running(a, b, c, d) {
            await eventually("the red ones see each other") { a.sees(b) && b.sees(a) }
            await eventually("everybody has been heard") {
                [a, b, c, d].allSatisfy { ($0.service.counters.dropped[.otherCluster] ?? 0) >= 2 }
            }
            #expect(a.sees(b) && b.sees(a) && c.sees() && d.sees())
        }
    }

    @Test("members believe each other's tags, strangers do not", arguments: [true, false])
    func tags(hasKey: Bool) async throws {
        let key = hasKey ? try Samples.key() : nil
        let (a, b) = (lan.join(1, key: key), lan.join(2, key: key))
        try await running(a, b) {
            a.inventory.set(blobs: Samples.entries(0..<1), references: [try Samples.offer("nginx", 0)])
            await eventually("b is in step") { b.finds(Samples.digest(0), at: a) && b.directory.isInStep }
            #expect(b.directory.claims(for: Samples.nginx).map(\.digest) == (hasKey ? [Samples.digest(0)] : []))
        }
    }

    @Test("that a name was deleted on one node is known on the other, where its word counts", arguments: [true, false])
    func deletion(believesTags: Bool) async throws {
        let (a, b) = (lan.join(1), lan.join(2, believesTags: believesTags))
        let name = try Samples.localOffer("team/app:v1", 0, version: Samples.version(1))
        let gone = try Samples.localOffer("team/app:v1", 0, version: Samples.version(2), isDeleted: true)
        try await running(a, b) {
            a.inventory.set(blobs: Samples.entries(0..<1), references: [name])
            await eventually("b is in step") { b.finds(Samples.digest(0), at: a) && b.directory.isInStep }
            #expect(b.directory.claims(for: name.reference).map(\.version) == (believesTags ? [name.version] : []))
            a.inventory.set(blobs: Samples.entries(0..<2), references: [gone])
            await eventually("b is in step again") { b.finds(Samples.digest(1), at: a) && b.directory.isInStep }
            let claims = b.directory.claims(inRepository: name.reference.repository)
            #expect(claims.keys.map { $0 } == (believesTags ? [name.reference] : []))
            #expect(claims.values.joined().map(\.isDeleted) == (believesTags ? [true] : []))
            #expect(claims.values.joined().allSatisfy { $0.peer.id == a.identity.id && $0.version == gone.version })
            #expect(b.directory.localRepositories() == (believesTags ? [name.reference.repository] : []))
        }
    }

    @Test(
        "the LAN hears the name of an image in a question only where its answer would count", arguments: [true, false])
    func whoHasTag(believesTags: Bool) async throws {
        let (a, b) = (lan.join(1), lan.join(2, believesTags: believesTags))
        try await running(a, b) {
            await eventually("they see each other") { a.sees(b) && b.sees(a) }
            _ = await b.service.questions.whoHas(Samples.nginx, wait: .milliseconds(50))
            #expect(b.service.counters.asked == (believesTags ? 1 : 0))
        }
    }

    @Test("who holds a blob answers the question for it")
    func whoHas() async throws {
        let (a, b) = (lan.join(1), lan.join(2))
        a.inventory.set(blobs: Samples.entries(0..<1), references: [])
        try await running(a, b) {
            await eventually("b knows the blob") { b.finds(Samples.digest(0), at: a) }
            b.directory.withdraw(Samples.digest(0), of: a.identity.id)
            let holders = await b.service.questions.whoHas(Samples.digest(0), wait: .seconds(10))
            #expect(holders.map(\.peer.id) == [a.identity.id])
            #expect(a.service.counters.answered == 1 && b.service.counters.asked == 1)
        }
    }

    @Test("a question that nobody answers ends after its wait")
    func nobodyHas() async throws {
        let (a, b) = (lan.join(1), lan.join(2))
        try await running(a, b) {
            await eventually("they see each other") { a.sees(b) && b.sees(a) }
            let asked = ContinuousClock.now
            let holders = await b.service.questions.whoHas(Samples.digest(0), wait: .milliseconds(100))
            #expect(holders.isEmpty && ContinuousClock.now - asked >= .milliseconds(100))
        }
    }

    @Test("members answer questions for tags")
    func whoHasTag() async throws {
        let key = try Samples.key()
        let (a, b) = (lan.join(1, key: key), lan.join(2, key: key))
        try await running(a, b) {
            await eventually("they see each other") { a.sees(b) && b.sees(a) }
            a.inventory.set(blobs: [], references: [try Samples.offer("nginx", 5)])
            let claims = await b.service.questions.whoHas(Samples.nginx, wait: .seconds(10))
            #expect(claims.map(\.digest) == [Samples.digest(5)])
        }
    }

    @Test("who fetches the same blob is known to the other, who is woken, until it ends")
    func wants() async throws {
        let (a, b) = (lan.join(1), lan.join(2))
        try await running(a, b) {
            await eventually("they see each other") { a.sees(b) && b.sees(a) }
            var changes = a.service.wants.changes.makeAsyncIterator()
            a.service.wants.begin(Samples.digest(0), size: nil)
            b.service.wants.begin(Samples.digest(0), size: 70)
            #expect(await changes.next(isolation: nil) == [Samples.digest(0)])
            #expect(a.service.wants.wanters(of: Samples.digest(0)) == [b.identity.id])
            #expect(a.service.wants.size(of: Samples.digest(0)) == 70)
            await eventually("b knows, too") { b.service.wants.wanters(of: Samples.digest(0)) == [a.identity.id] }
            #expect(b.service.wants.size(of: Samples.digest(0)) == nil)
            b.service.wants.end(Samples.digest(0))
            #expect(await changes.next(isolation: nil) == [Samples.digest(0)])
            #expect(a.service.wants.wanters(of: Samples.digest(0)).isEmpty)
            await eventually("both count what they said") {
                a.service.counters.wanted >= 1 && b.service.counters.wanted >= 2
            }
        }
    }

    @Test("eight nodes that begin at the same moment know of each other")
    func manyWants() async throws {
        let nodes = (1...8 as ClosedRange<UInt64>).map { lan.join($0) }
        func each(_ holds: (LoopbackLAN.Node) -> Bool) -> Bool { nodes.allSatisfy(holds) }
        try await running(
            nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], nodes[5], nodes[6], nodes[7]
        ) {
            await eventually("all see each other") { each { $0.directory.peers().count == 7 } }
            for node in nodes { node.service.wants.begin(Samples.digest(0), size: 1) }
            await eventually("each knows the others", within: .seconds(2)) {
                each { $0.service.wants.wanters(of: Samples.digest(0)).count == 7 }
            }
        }
    }

    @Test("who comes late learns what the others fetch, with a key and without", arguments: [true, false])
    func lateWants(hasKey: Bool) async throws {
        let key = hasKey ? try Samples.key() : nil
        let (a, b) = (lan.join(1, key: key), lan.join(2, key: key))
        try await running(a) {
            a.service.wants.begin(Samples.digest(0), size: 70)
            await eventually("it was said to nobody") { a.service.counters.wanted >= 2 }
            try await running(b) {
                await eventually("b knows", within: .seconds(20)) {
                    b.service.wants.wanters(of: Samples.digest(0)) == [a.identity.id]
                }
            }
        }
    }

    @Test("who leaves wants nothing any more, and who waits for it is woken")
    func leavingWants() async throws {
        let (a, b) = (lan.join(1), lan.join(2))
        try await running(a) {
            var changes = a.service.wants.changes.makeAsyncIterator()
            a.service.wants.begin(Samples.digest(0), size: nil)
            try await running(b) {
                await eventually("they see each other") { a.sees(b) && b.sees(a) }
                b.service.wants.begin(Samples.digest(0), size: nil)
                #expect(await changes.next(isolation: nil) == [Samples.digest(0)])
            }
            #expect(await changes.next(isolation: nil) == [Samples.digest(0)])
            #expect(a.service.wants.wanters(of: Samples.digest(0)).isEmpty)
        }
    }

    @Test("without the beacon a question is answered from what is known, at once")
    func noBeacon() async {
        let a = lan.join(1)
        let holders = await a.service.questions.whoHas(Samples.digest(0), wait: .seconds(60))
        #expect(holders.isEmpty)
    }

    @Test("a flood of rubbish is counted and does not keep nodes apart")
    func rubbish() async throws {
        let (a, b) = (lan.join(1), lan.join(2))
        try await running(a) {
            let socket = try BeaconSocket(port: 0)
            var generator = SplitMix(state: 3)
            await eventually("rubbish is dropped by reason") {
                for target in a.targets {
                    let bytes = (0..<100).map { _ in UInt8.random(in: 0...255, using: &generator) }
                    _ = socket.send(bytes, to: target)
                    _ = socket.send([UInt8](repeating: 0, count: 1500), to: target)
                }
                let dropped = a.service.counters.dropped
                return dropped[.oversized] ?? 0 > 0 && dropped.values.reduce(0, +) > 100
            }
            try await running(b) {
                await eventually("they see each other all the same") { a.sees(b) && b.sees(a) }
            }
        }
    }

    @Test("what an address sends beyond its share is dropped as a flood and counted, whatever it is")
    func flood() async throws {
        var datagrams = DatagramLimits()
        datagrams.perAddress = 1
        let a = lan.join(1, datagrams: datagrams)
        try await running(a) {
            let socket = try BeaconSocket(port: 0)
            await eventually("a flood is counted") {
                for target in a.targets { for _ in 0..<10 { _ = socket.send([1, 2, 3], to: target) } }
                return a.service.counters.dropped[.flood] ?? 0 > 10
            }
        }
    }

    @Test("an answer to a question that was not asked is dropped")
    func unsolicited() async throws {
        let a = lan.join(1)
        try await running(a) {
            let socket = try BeaconSocket(port: 0)
            let answer = Beacon(
                node: Samples.node(66), epoch: 1, sequence: 1,
                payload: .have(.init(question: 1, httpPort: 1, blobs: [Samples.entry(0)], references: [])))
            let bytes = try #require(BeaconCodec(key: nil).encode(answer))
            await eventually("it is dropped") {
                for target in a.targets { _ = socket.send(bytes, to: target) }
                return a.service.counters.dropped[.unsolicited] ?? 0 > 0
            }
            #expect(a.directory.holders(of: Samples.digest(0)).isEmpty)
        }
    }

    @Test("an answer is never longer than its question")
    func noAmplification() async throws {
        let a = lan.join(1)
        a.inventory.set(blobs: Samples.entries(0..<16), references: [])
        try await running(a) {
            let listener = try Listener()
            defer { listener.close() }
            let question = Beacon(
                node: Samples.node(66), epoch: 1, sequence: 1,
                payload: .whoHas(.init(question: 77, digests: (0..<16).map(Samples.digest), references: [])))
            let bytes = try #require(BeaconCodec(key: nil).encode(question))
            await eventually("an answer comes, and it is no longer than the question") {
                for target in a.targets { listener.send(bytes, to: target) }
                guard let answer = listener.receive(), let beacon = try? BeaconCodec(key: nil).decode(answer),
                    case .have(let have) = beacon.payload
                else { return false }
                return have.question == 77 && answer.count <= bytes.count && !have.blobs.isEmpty
                    && have.blobs.count < 16
            }
        }
    }

    @Test("a port in use by somebody who does not share it is an error that says what to do")
    func portInUse() async throws {
        let socket = try Listener()
        defer { socket.close() }
        let inventory = Inventory(epoch: 1)
        let identity = Samples.identity(1)
        let service = DiscoveryService(
            configuration: DiscoveryConfiguration(port: socket.port, allows: { _ in true }), identity: identity,
            inventory: inventory, directory: Directory(own: identity.id, hasKey: false, believesTags: false), key: nil,
            inquiry: NoInquiry(), group: .singleton, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let error = await #expect(throws: DiscoveryError.self) { try await service.run() }
        #expect(error?.code == .bindFailed)
        #expect(error?.message.contains("discovery.port") == true)
    }
}

private struct NoInquiry: PeerInquiry {
    struct Refused: Error {}

    func node(at address: PeerAddress) async throws -> NodeDocument { throw Refused() }

    func inventory(
        at address: PeerAddress, of peer: NodeID, epoch: UInt64?, since: UInt64?, next: String?
    ) async throws -> InventoryPage { throw Refused() }
}
