import FoundationEssentials
import Testing

@testable import Discovery

@Suite struct NameVersionTests {
    @Test("the higher counter holds, and of equal ones the higher author, by the bytes of its id")
    func order() throws {
        let low = try #require(NodeID(hex: "00ffffffffffffffffffffffffffffff"))
        let high = try #require(NodeID(hex: "01000000000000000000000000000000"))
        let sorted = [
            NameVersion(counter: 1, author: high), NameVersion(counter: 2, author: low),
            NameVersion(counter: 2, author: high), NameVersion(counter: 10, author: low),
        ]
        for (earlier, later) in zip(sorted, sorted.dropFirst()) { #expect(earlier < later && !(later < earlier)) }
        #expect(sorted.reversed().sorted() == sorted)
    }

    @Test("a version is JSON that reads back as it was")
    func json() throws {
        let version = NameVersion(counter: 1 << 53 - 1, author: Samples.node(1))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(version), as: UTF8.self)
        #expect(text == #"{"counter":9007199254740991,"node":"\#(Samples.node(1))"}"#)
        #expect(try JSONDecoder().decode(NameVersion.self, from: Data(text.utf8)) == version)
    }

    @Test(
        "what is no version is refused",
        arguments: [
            #"{"counter":0,"node":"00000000000000000000000000000001"}"#,
            #"{"counter":-1,"node":"00000000000000000000000000000001"}"#,
            #"{"counter":9007199254740992,"node":"00000000000000000000000000000001"}"#,
            #"{"counter":1.5,"node":"00000000000000000000000000000001"}"#,
            #"{"counter":"1","node":"00000000000000000000000000000001"}"#,
            #"{"counter":1,"node":"0001"}"#, #"{"counter":1}"#, #"{"node":"00000000000000000000000000000001"}"#,
        ])
    func refused(text: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(NameVersion.self, from: Data(text.utf8)) }
    }
}
