import Testing

@testable import Discovery

@Suite struct HexTests {
    @Test("bytes come back from their digits, in either case") func roundTrip() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Hex.bytes(Hex.string(bytes)) == bytes)
        #expect(Hex.bytes(Hex.string(bytes).uppercased()) == bytes)
    }

    @Test("what is no whole number of bytes is refused", arguments: ["a", "0g", "0x", " 00", "00 ", "é"])
    func refused(text: String) {
        #expect(Hex.bytes(text) == nil)
    }
}
