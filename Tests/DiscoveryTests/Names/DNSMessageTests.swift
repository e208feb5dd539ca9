import Testing

@testable import Discovery

@Suite struct DNSMessageTests {
    private static let name = "_shoal._tcp.example.com"

    private static func question() throws -> [UInt8] { try #require(DNSMessage.question(name, id: 0x1234)) }

    /// An answer with these records after the question.
    private static func answer(_ records: [[UInt8]], code: UInt8 = 0) throws -> [UInt8] {
        var bytes = try question()
        bytes[2] = 0x81
        bytes[3] = 0x80 | code
        bytes[7] = UInt8(records.count)
        return bytes + records.joined()
    }

    /// An SRV record whose name points to the question's.
    private static func srv(_ priority: UInt8, _ weight: UInt8, _ port: UInt16, _ target: [UInt8]) -> [UInt8] {
        let data = [0, priority, 0, weight, UInt8(port >> 8), UInt8(port & 0xff)] + target
        return [0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, UInt8(data.count)] + data
    }

    private static let node7: [UInt8] = [5] + Array("node7".utf8) + [0xc0, 24]

    @Test("a question is what RFC 1035 says")
    func ask() throws {
        let bytes = try Self.question()
        #expect(Array(bytes[..<12]) == [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        #expect(bytes.suffix(4) == [0, 33, 0, 1])
        #expect(bytes[12] == 6 && bytes.count == 12 + Self.name.utf8.count + 2 + 4)
    }

    @Test("what is no name is not asked for", arguments: ["", "a..b", ".", String(repeating: "a", count: 64)])
    func noName(name: String) {
        #expect(DNSMessage.question(name, id: 1) == nil)
    }

    @Test("services are read, compressed names too, and records of other types passed over")
    func services() throws {
        let other: [UInt8] = [0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 2, 1, 65]
        let bytes = try Self.answer([Self.srv(1, 2, 5051, Self.node7), other, Self.srv(3, 0, 6000, [1, 120, 0])])
        let message = try #require(DNSMessage(bytes, to: try Self.question()))
        #expect(
            message.services == [
                .init(priority: 1, weight: 2, port: 5051, target: "node7.example.com"),
                .init(priority: 3, weight: 0, port: 6000, target: "x"),
            ])
    }

    @Test("no such name is an answer without services")
    func noSuchName() throws {
        let message = try #require(DNSMessage(try Self.answer([], code: 3), to: try Self.question()))
        #expect(message.responseCode == 3 && message.services.isEmpty)
    }

    @Test("an answer to another question is none")
    func otherQuestion() throws {
        let other = try #require(DNSMessage.question(Self.name, id: 0x4321))
        #expect(DNSMessage(try Self.answer([]), to: other) == nil)
        let elsewhere = try #require(DNSMessage.question("_shoal._tcp.example.org", id: 0x1234))
        #expect(DNSMessage(try Self.answer([]), to: elsewhere) == nil)
        #expect(DNSMessage(try Self.question(), to: try Self.question()) == nil)
    }

    @Test(
        "a name that points at itself, or past the end, ends the reading", arguments: [[0xc0, 62], [0xff, 0xff], [9]])
    func loops(target: [UInt8]) throws {
        let message = DNSMessage(try Self.answer([Self.srv(0, 0, 1, target)]), to: try Self.question())
        #expect(message?.services.isEmpty != false)
    }

    @Test("answers cut short or changed at random are read without harm")
    func mutations() throws {
        var generator = SplitMix(state: 21)
        let question = try Self.question()
        let whole = try Self.answer([Self.srv(1, 2, 5051, Self.node7), Self.srv(1, 2, 5052, Self.node7)])
        for round in 0..<5000 {
            var bytes = round % 2 == 0 ? Array(whole[..<Int.random(in: 0..<whole.count, using: &generator)]) : whole
            for _ in 0..<3 where bytes.count > question.count {
                let index = Int.random(in: question.count..<bytes.count, using: &generator)
                bytes[index] = UInt8.random(in: 0...255, using: &generator)
            }
            let message = DNSMessage(bytes, to: question)
            #expect(message.map { $0.services.count <= 2 } ?? true)
        }
    }
}
