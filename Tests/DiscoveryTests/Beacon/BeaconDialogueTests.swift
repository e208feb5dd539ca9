import OCI
import Testing

@testable import Discovery

@Suite struct BeaconDialogueTests {
    private func whoHas(_ number: Int, by node: UInt64, question: UInt64 = 7, sequence: UInt64 = 1) -> Beacon {
        Beacon(
            node: Samples.node(node), epoch: 1, sequence: sequence,
            payload: .whoHas(.init(question: question, digests: [Samples.digest(number)], references: [])))
    }

    // MARK: Hellos

    @Test("a Hello says how long the next one will take on a LAN of this size")
    func interval() throws {
        var stage = BeaconStage(networks: 2)
        try stage.populate(1...999, at: 0)
        let saying = stage.dialogue.hello(at: Samples.at(0), random: 0.5)
        guard case .hello(let hello) = saying?.payload else { return #expect(Bool(false)) }
        #expect(hello.interval == .seconds(20))
    }

    @Test("on a busy LAN news waits for its turn, and the Hello that comes by the clock does not")
    func busy() throws {
        var stage = BeaconStage()
        _ = stage.dialogue.hello(at: Samples.at(0), random: 0.5)
        _ = stage.dialogue.hello(at: Samples.at(1.5), random: 0.5)
        for number in 1...200 as ClosedRange<UInt64> {
            let ip = "10.0.\(number / 200).\(number % 200 + 1)"
            try stage.hear(Samples.hello(number), from: ip, at: 2)
        }
        stage.inventory.set(blobs: Samples.entries(0..<1), references: [])
        stage.dialogue.inventoryChanged(at: Samples.at(2))
        let due = stage.dialogue.due
        #expect(stage.dialogue.hello(at: due, random: 0.5) == nil)
        #expect(stage.dialogue.due > due)
        // A while later there is room.
        #expect(stage.dialogue.hello(at: Samples.at(4.5), random: 0.5) != nil)
        #expect(stage.dialogue.hello(at: stage.dialogue.due, random: 0.5) != nil)
    }

    @Test("fifty nodes with news all the time stay within the LAN's budget")
    func budget() throws {
        // All hear all; each speaks when it is due, unless it finds the LAN busy.
        var stages = (1...50 as ClosedRange<UInt64>).map { BeaconStage(own: $0) }
        for index in stages.indices {
            for number in 1...50 as ClosedRange<UInt64> where number != UInt64(index + 1) {
                let ip = IPAddress(family: .v4, bits: 0x0a00_0000 + UInt128(number))
                _ = try stages[index].directory.hear(Samples.hello(number), from: ip, now: Samples.at(2))
            }
            _ = stages[index].dialogue.hello(at: Samples.at(2), random: Double(index) / 50)
            stages[index].inventory.set(blobs: Samples.entries(0..<1), references: [])
        }
        var generator = SplitMix(state: 5)
        var sent: [Int: Int] = [:]
        for millisecond in stride(from: 3000, to: 4000, by: 20) {
            let now = Samples.at(Double(millisecond) / 1000)
            for index in stages.indices where millisecond % 100 == 0 {
                stages[index].dialogue.inventoryChanged(at: now)
            }
            for index in stages.indices where stages[index].dialogue.due <= now {
                guard
                    let hello = stages[index].dialogue.hello(
                        at: now, random: Double.random(in: 0..<1, using: &generator))
                else { continue }
                sent[millisecond / 1000, default: 0] += 1
                guard let bytes = stages[index].surroundings.datagram(hello) else { continue }
                let source = BeaconTarget(
                    ip: IPAddress(family: .v4, bits: 0x0a00_0000 + UInt128(index + 1)), port: 5051)
                for other in stages.indices where other != index {
                    _ = try? stages[other].dialogue.hear(bytes, from: source, now: now, random: 0.5)
                }
            }
        }
        #expect(sent.values.allSatisfy { $0 <= 200 })
        #expect(sent.values.reduce(0, +) >= 50)
    }

    // MARK: Wants

    @Test("what this node fetches is said within milliseconds, between Hellos")
    func wants() throws {
        var stage = BeaconStage(own: 1)
        _ = stage.dialogue.hello(at: Samples.at(0), random: 0.5)
        stage.dialogue.paceWants(at: Samples.at(0.1))
        stage.wants.begin(Samples.digest(1), size: 9, now: Samples.at(0.1), random: 0.5)
        #expect(stage.dialogue.due == Samples.at(0.1) + .milliseconds(5))
        #expect(stage.dialogue.helloDue > stage.dialogue.due)
        #expect(stage.dialogue.wants(at: Samples.at(0.1), random: 0.5).isEmpty)
        let sayings = stage.dialogue.wants(at: stage.dialogue.due, random: 0.5)
        #expect(
            sayings.map(\.payload) == [.want(.init(blobs: [Samples.wanted(1, size: 9)], interval: .seconds(5)))])
    }

    @Test("a node that is new here is told what this one fetches, after it was told who this one is")
    func wantsForStranger() throws {
        var stage = BeaconStage(own: 1)
        _ = stage.dialogue.hello(at: Samples.at(0), random: 0.5)
        stage.wants.begin(Samples.digest(1), size: 9, now: Samples.at(0), random: 0.5)
        _ = stage.dialogue.wants(at: Samples.at(0.1), random: 0.5)
        _ = stage.dialogue.wants(at: Samples.at(0.5), random: 0.5)
        _ = stage.dialogue.hello(at: Samples.at(0.5), random: 0.5)
        try stage.hear(Samples.hello(2), at: 0.6, random: 0.99)
        let helloDue = stage.dialogue.helloDue
        let wantsDue = try #require(stage.wants.due)
        #expect(helloDue < wantsDue && wantsDue < Samples.at(1.6))
        #expect(stage.dialogue.wants(at: wantsDue, random: 0.5).count == 1)
    }

    @Test("what somebody begins to fetch, and that he is gone, is told on")
    func wantsHeard() throws {
        var stage = BeaconStage(own: 1)
        #expect(throws: BeaconDrop.unknownNode) { try stage.hear(Samples.want(2, [Samples.wanted(1)]), at: 0) }
        try stage.hear(Samples.hello(2), at: 0)
        #expect(try stage.hear(Samples.want(2, [Samples.wanted(1)]), at: 0).wanted == [Samples.digest(1)])
        #expect(try stage.hear(Samples.want(2, [Samples.wanted(1)]), at: 0.3).wanted.isEmpty)
        #expect(try stage.hear(Samples.bye(2), at: 1).wanted == [Samples.digest(1)])
    }

    // MARK: Questions

    @Test("the first asker is answered alone, the second brings the answer to everybody, and the third none")
    func suppression() throws {
        var stage = BeaconStage()
        stage.inventory.set(blobs: Samples.entries(0..<1), references: [])
        try stage.populate(1...3, at: 0)
        let first = try stage.hear(whoHas(0, by: 1), from: "10.1.0.1", at: 1).answer
        let second = try stage.hear(whoHas(0, by: 2, question: 8), from: "10.1.0.2", at: 1.01).answer
        let third = try stage.hear(whoHas(0, by: 3, question: 9), from: "10.1.0.3", at: 1.02).answer
        #expect(first?.target?.ip == Samples.ip("10.1.0.1"))
        #expect(second != nil && second?.target == nil)
        #expect(third == nil)
        let later = try stage.hear(whoHas(0, by: 3, question: 10), from: "10.1.0.3", at: 3).answer
        #expect(later?.target?.ip == Samples.ip("10.1.0.3"))
    }

    @Test("of many holders that are known a few answer, and of few all")
    func answerers() throws {
        var answers = 0
        for own in 1...40 as ClosedRange<UInt64> {
            var stage = BeaconStage(own: own)
            stage.inventory.set(blobs: Samples.entries(0..<1), references: [])
            let changes = InventoryState.Changes(since: 0, added: [Samples.entry(0)], removed: [])
            for number in 1...40 as ClosedRange<UInt64> where number != own {
                _ = try stage.directory.hear(
                    Samples.hello(number, version: 1, count: 1, changes: changes),
                    from: IPAddress(family: .v4, bits: 0x0a01_0000 + UInt128(number)), now: .now)
            }
            if try stage.hear(whoHas(0, by: 50, question: 0x1234_5678_9abc), at: 1).answer != nil { answers += 1 }
        }
        #expect(answers == AnswerBook.answerers)
    }

    @Test("no more goes out than came in, whoever is said to have asked")
    func forged() throws {
        var stage = BeaconStage()
        stage.inventory.set(blobs: Samples.entries(0..<100), references: [])
        var (received, sent) = (0, 0)
        for number in 0..<2000 {
            let question = whoHas(number % 100, by: UInt64(number % 7 + 1), question: UInt64(number))
            let bytes = try #require(BeaconCodec(key: nil).encode(question, paddedTo: 150))
            let source = BeaconTarget(ip: Samples.ip("10.0.0.\(number % 5 + 1)"), port: 5051)
            received += bytes.count
            let reaction = try? stage.dialogue.hear(bytes, from: source, now: Samples.at(1), random: 0.5)
            sent += reaction?.answer?.datagram.count ?? 0
        }
        #expect(sent <= received && sent > 0)
        // Answers that wait are bounded, too.
        #expect(sent < 256 * 150)
    }

    private static let longestDigest = Samples.longDigest(1)
    /// Names of the local namespace at their longest, a deleted tag and a manifest that refers to another one.
    private static let longest = [":\(String(repeating: "t", count: 128))", "@\(longestDigest)"].map { end in
        "localhost:5050/\(String(repeating: "r", count: 255))\(end)"
    }

    @Test("the answer on a name of the local namespace fits into the space that the question made", arguments: longest)
    func longestAnswer(name: String) throws {
        var stage = BeaconStage()
        let type = "application/" + String(repeating: "t", count: 116)
        let offer = ReferenceOffer(
            reference: try Samples.reference(name), digest: Self.longestDigest,
            mediaType: try #require(MediaType(rawValue: type)), knownGood: 0,
            version: NameVersion(counter: 1 << 53 - 1, author: Samples.node(1)), isDeleted: true,
            subject: Samples.longDigest(2))
        stage.inventory.set(blobs: [], references: [offer])
        let question = BeaconDialogue.question(.init(question: .max, digests: [], references: [offer.reference]))
        let bytes = try #require(stage.surroundings.datagram(question))
        let source = BeaconTarget(ip: Samples.ip("10.0.0.9"), port: 5051)
        // Asked by another node than the one that answers.
        let asked = try BeaconCodec(key: nil).decode(bytes)
        let asker = Beacon(node: Samples.node(9), epoch: 1, sequence: 1, payload: asked.payload)
        let sent = try #require(BeaconCodec(key: nil).encode(asker, paddedTo: bytes.count))
        let answer = try stage.dialogue.hear(sent, from: source, now: Samples.at(0), random: 0.5).answer
        let datagram = try #require(answer?.datagram)
        #expect(datagram.count <= sent.count && sent.count <= BeaconLimits.datagram)
        guard case .have(let have) = try BeaconCodec(key: nil).decode(datagram).payload else {
            return #expect(Bool(false))
        }
        #expect(have.references.map(\.isDeleted) == [true] && have.references.first?.version == offer.version)
    }

    @Test("a question that leaves no room for a version is not answered with half of a name")
    func shortQuestion() throws {
        var stage = BeaconStage()
        let offer = try Samples.localOffer("app:v1", 1, version: Samples.version(7), subject: Samples.longDigest(2))
        stage.inventory.set(blobs: [], references: [offer])
        let question = Beacon(
            node: Samples.node(2), epoch: 1, sequence: 1,
            payload: .whoHas(.init(question: 7, digests: [], references: [offer.reference])))
        let bytes = try #require(BeaconCodec(key: nil).encode(question, paddedTo: 150))
        let source = BeaconTarget(ip: Samples.ip("10.0.0.2"), port: 5051)
        #expect(try stage.dialogue.hear(bytes, from: source, now: Samples.at(0), random: 0.5).answer == nil)
    }

    // MARK: Who is heard

    @Test("a datagram from an address that nothing names is dropped, and without a key a key admits nobody")
    func notAllowed() throws {
        var stage = BeaconStage(admitsMembers: true) { $0.hasPrefix("10.0.") }
        #expect(throws: BeaconDrop.notAllowed) { try stage.hear(Samples.hello(1), from: "192.0.2.1", at: 0) }
        stage.directory.name([Samples.ip("192.0.2.1")])
        #expect(throws: Never.self) { try stage.hear(Samples.hello(1), from: "192.0.2.1", at: 1) }
        #expect(!stage.directory.isMember("192.0.2.1"))
    }

    @Test("a holder of the key is heard from anywhere, and may connect from there")
    func member() throws {
        var stage = BeaconStage(key: try Samples.key(), admitsMembers: true) { $0.hasPrefix("10.0.") }
        #expect(!stage.directory.isMember("192.0.2.1"))
        try stage.hear(Samples.hello(1), from: "192.0.2.1", at: 0)
        #expect(stage.directory.isMember("192.0.2.1") && !stage.directory.isMember("192.0.2.2"))
        // It counts once it has proved the key over HTTP.
        #expect(stage.directory.peers().isEmpty)
    }

    @Test("a list of networks alone is a fence for holders of the key, too")
    func fence() throws {
        var stage = BeaconStage(key: try Samples.key(), admitsMembers: false) { $0.hasPrefix("10.0.") }
        #expect(throws: BeaconDrop.notAllowed) { try stage.hear(Samples.hello(1), from: "192.0.2.1", at: 0) }
    }
}
