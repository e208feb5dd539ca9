import Integrity
import OCI
import Testing

@testable import Content

@Suite("The course of a proof")
struct ProofCourseTests {
    private static let piece = HashChain.pieceSize

    /// A chain of five pieces, the last of one byte.
    private let chain: HashChain
    /// What the last piece leads to.
    private let end: SHA256State

    init() throws {
        chain = try madeUpChain(1, pieces: 5)
        end = try #require(SHA256State(bytes: chain.digest.bytes))
    }

    private var empty: HashChain { get throws { try #require(HashChain(digest: chain.digest, size: chain.size)) } }

    /// The states that the pieces of an intact blob lead to.
    private var ends: [SHA256State] { chain.states + [end] }

    @Test("Without a chain it goes from front to back, and makes the chain")
    func front() throws {
        var course = ProofCourse(try empty, chain: nil, width: 16)
        var position: Int64 = 0
        for (piece, end) in ends.enumerated() {
            let next = try #require(course.next.first)
            #expect(course.next.count == 1)
            #expect(next.range == chain.range(of: piece))
            #expect(next.start == (piece == 0 ? .initial : ends[piece - 1]))
            #expect(next.messageLength == (piece == 4 ? chain.size : nil))
            position = next.range.upperBound
            course.reached([end])
        }
        #expect(position == chain.size)
        #expect(course.verdict == .intact(made: chain))
        #expect(course.next.isEmpty)
    }

    @Test("Smaller steps make the same chain", arguments: [1 << 20, 2 << 20])
    func steps(step: Int64) throws {
        var course = ProofCourse(try empty, chain: nil, step: step, width: 16)
        var count = 0
        while let next = course.next.first {
            #expect(next.range.upperBound - next.range.lowerBound <= step)
            let boundary = Int(next.range.upperBound / Self.piece)
            let isBoundary = next.range.upperBound % Self.piece == 0
            course.reached([next.messageLength != nil ? end : isBoundary ? ends[boundary - 1] : state(1000 + count)])
            count += 1
        }
        #expect(course.verdict == .intact(made: chain))
        #expect(count == Int(4 * Self.piece / step) + 1)
    }

    @Test("Without a chain a wrong end is damage, nobody knows where")
    func damagedFront() throws {
        var course = ProofCourse(try empty, chain: nil, width: 16)
        for end in chain.states + [state(7)] { course.reached([end]) }
        let actual = try Digest(algorithm: .sha256, bytes: state(7).bytes)
        #expect(course.verdict == .damaged(actual: actual, pieces: []))
    }

    @Test(
        "With a chain so many pieces go beside each other, and all links holding is enough",
        arguments: [1, 2, 3, 5, 16])
    func links(width: Int) throws {
        var course = ProofCourse(try empty, chain: chain, width: width)
        var looked: [Range<Int64>] = []
        while !course.next.isEmpty {
            let next = course.next
            #expect(next.count <= width)
            #expect(!course.isSecondLook)
            course.reached(ends[looked.count...].prefix(next.count).map(\.self))
            looked += next.map(\.range)
        }
        #expect(looked == (0..<5).map { chain.range(of: $0) })
        #expect(course.verdict == .intact(made: nil))
    }

    @Test("Broken links are looked at once more from the first of them on, and name their pieces")
    func damaged() throws {
        var course = ProofCourse(try empty, chain: chain, width: 16)
        // Pieces 1 and 3 are damaged.
        course.reached([ends[0], state(11), ends[2], state(13), ends[4]])
        #expect(course.verdict == nil && course.isSecondLook)
        // The state after piece 1 is known from the front: piece 2 goes on from there, without the chain.
        #expect(
            course.next == [ProofCourse.Stretch(range: chain.range(of: 2), start: state(11), messageLength: nil)])
        for end in [state(22), state(23), state(24)] { course.reached([end]) }
        let actual = try Digest(algorithm: .sha256, bytes: state(24).bytes)
        #expect(course.verdict == .damaged(actual: actual, pieces: [1, 3]))
    }

    @Test("A last piece that breaks its link needs no second look")
    func damagedEnd() throws {
        var course = ProofCourse(try empty, chain: chain, width: 16)
        course.reached(chain.states + [state(7)])
        let actual = try Digest(algorithm: .sha256, bytes: state(7).bytes)
        #expect(course.verdict == .damaged(actual: actual, pieces: [4]))
    }

    @Test("Where the second look ends in the digest the chain was wrong, and the true one is known")
    func refuted() throws {
        var course = ProofCourse(try empty, chain: try forged(chain, at: 1), width: 16)
        // Piece 1 leads to the true state, which is not the chain's; piece 2 from the chain's to somewhere.
        course.reached([ends[0], ends[1], state(50), ends[3], ends[4]])
        for end in ends[2...] { course.reached([end]) }
        #expect(course.verdict == .refuted(true: chain))
    }

    @Test("A blob of one piece, or of no bytes, is hashed as it is", arguments: [0, 1, 4_194_304])
    func onePiece(size: Int64) throws {
        let empty = try #require(HashChain(digest: chain.digest, size: size))
        var course = ProofCourse(empty, chain: empty, width: 16)
        #expect(course.next == [ProofCourse.Stretch(range: 0..<size, start: .initial, messageLength: size)])
        course.reached([end])
        #expect(course.verdict == .intact(made: empty))
    }

    @Test(
        "Damaged pieces are named in few words",
        arguments: [
            ([], ""),
            ([3], "; damaged: piece 3 of 9 (4 MiB each, counted from 0)"),
            ([0, 1, 2, 5, 7, 8], "; damaged: pieces 0-2, 5, 7-8 of 9 (4 MiB each, counted from 0)"),
        ])
    func names(pieces: [Int], text: String) {
        #expect(PieceNumbers.text(pieces, of: 9) == text)
    }

    @Test("However many pieces are damaged, the text stays short")
    func manyNames() {
        let text = PieceNumbers.text(Array(stride(from: 0, to: 100_000, by: 2)), of: 100_000)
        #expect(text.contains("28, 30, and more of 100000"))
    }
}
