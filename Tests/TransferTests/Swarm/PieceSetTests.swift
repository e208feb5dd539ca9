import Testing

@testable import Transfer

@Suite("A set of pieces")
struct PieceSetTests {
    @Test(
        "is written as numbers and ranges, and read back",
        arguments: [[], [0], [0, 1, 2, 3, 7], [63, 64, 65, 127], [199]])
    func text(pieces: [Int]) {
        var set = PieceSet(count: 200)
        for piece in pieces { set.insert(piece) }
        #expect(PieceSet(set.text, count: 200) == set)
    }

    @Test("has the text that the protocol shows")
    func example() {
        var set = PieceSet(count: 10)
        set.insert(0..<4)
        set.insert(7)
        #expect(set.text == "0-3,7")
    }

    @Test(
        "is not read from what is no such list, or names pieces that the blob does not have",
        arguments: [
            "x", "1,", ",1", "3-1", "-1", "1-", "10", "0-10", "+1", "1 ", "0x1", "99999999999999999999", "1-2-3",
        ])
    func refused(text: String) {
        #expect(PieceSet(text, count: 10) == nil)
    }

    @Test("leaves out of its text what would make it too long, and never claims more than there is")
    func bounded() throws {
        var set = PieceSet(count: 20_000)
        for piece in stride(from: 0, to: 20_000, by: 2) { set.insert(piece) }
        #expect(set.text.utf8.count <= PieceSet.maximumTextSize)
        var read = try #require(PieceSet(set.text, count: 20_000))
        #expect(read.population > 500)
        read.subtract(set)
        #expect(read.isEmpty)
    }

    @Test("refuses a text longer than any that is written")
    func tooLong() {
        let text = Array(repeating: "0", count: 5000).joined(separator: ",")
        #expect(PieceSet(text, count: 10) == nil)
    }

    @Test("comes back from its text, whatever is in it", arguments: UInt64(1)...20)
    func roundTrip(seed: UInt64) {
        var dice = SeededDice(state: seed)
        let count = Int.random(in: 1...700, using: &dice)
        var set = PieceSet(count: count)
        for _ in 0..<Int.random(in: 0...count, using: &dice) { set.insert(Int.random(in: 0..<count, using: &dice)) }
        #expect(PieceSet(set.text, count: count) == set)
    }

    @Test("is read or refused, whatever the text", arguments: UInt64(1)...200)
    func hostile(seed: UInt64) {
        var dice = SeededDice(state: seed)
        let letters = Array("0123456789,-,-, +x\u{0}é٣")
        let text = String(
            (0..<Int.random(in: 0...40, using: &dice)).map { _ in letters.randomElement(using: &dice) ?? "0" })
        guard let set = PieceSet(text, count: 100) else { return }
        #expect(PieceSet(set.text, count: 100) == set)
        #expect(set.population <= 100)
    }

    @Test("takes long overlapping ranges of a blob of many pieces in its stride")
    func overlapping() {
        let count = 1 << 20
        let text = Array(repeating: "0-\(count - 1)", count: 400).joined(separator: ",")
        #expect(PieceSet(text, count: count) == .all(of: count))
    }

    @Test("leaves out pieces that the blob does not have", arguments: [-1, 10, 63, 64, Int.max])
    func outside(piece: Int) {
        var set = PieceSet(count: 10)
        set.insert(piece)
        set.remove(piece)
        set.insert(5..<100)
        #expect(set.ranges == [5..<10])
    }

    @Test("finds the first piece at or after another, and goes round")
    func first() {
        var set = PieceSet(count: 200)
        #expect(set.first == nil && set.first(atOrAfter: 3) == nil)
        set.insert(2)
        set.insert(130)
        #expect(set.first(atOrAfter: 0) == 2 && set.first(atOrAfter: 2) == 2)
        #expect(set.first(atOrAfter: 3) == 130 && set.first(atOrAfter: 131) == 2 && set.first(atOrAfter: 200) == 2)
    }

    @Test("does arithmetic as sets do")
    func arithmetic() {
        var left = PieceSet(count: 130)
        left.insert(0..<100)
        var right = PieceSet(count: 130)
        right.insert(50..<130)
        var union = left
        union.formUnion(right)
        #expect(union == .all(of: 130))
        var intersection = left
        intersection.formIntersection(right)
        #expect(intersection.ranges == [50..<100])
        left.subtract(right)
        #expect(left.ranges == [0..<50] && left.population == 50)
    }
}
