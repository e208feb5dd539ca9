import Integrity
import OCI

/// What a spool's journal consists of.
enum SpoolRecord: Equatable {
    case size(Int64, isUpstreams: Bool)
    case origin(SpoolOrigin)
    case piece(SpooledPiece)
}

/// The bytes of a journal: a mark, then records of one length, each with a checksum over it and all before it. What comes after the first record that is
/// torn or damaged counts for nothing, and a journal of another blob ends before its first record.
struct SpoolRecordCoder {
    /// What every journal begins with.
    static let mark = Array("shoal.pieces.v1\n".utf8)
    /// Of a record, in bytes.
    static let length = bodyLength + checkLength

    // A record's body: what it is, two bytes of detail, five of nothing, a number, a checksum (or a code), a state.
    private static let bodyLength = 80
    private static let (sumPlace, statePlace) = (16..<48, 48..<80)
    private static let checkLength = 8
    private static let (size, piece, origin): (UInt8, UInt8, UInt8) = (1, 2, 3)
    private static let (hasSum, hasState): (UInt8, UInt8) = (1, 2)

    /// The checksum of the record before the next one.
    private var last: [UInt8]

    init(_ digest: Digest) {
        last = Self.check(Self.mark + Array(digest.description.utf8))
    }

    /// The bytes of the next record.
    mutating func encode(_ record: SpoolRecord) -> [UInt8] {
        var body = [UInt8](repeating: 0, count: Self.bodyLength)
        let number: Int64
        switch record {
        case .size(let size, let isUpstreams):
            (body[0], body[1]) = (Self.size, isUpstreams ? 1 : 0)
            number = size
        case .origin(let origin):
            (body[0], number) = (Self.origin, 0)
            body.replaceSubrange(Self.sumPlace, with: origin.bytes)
        case .piece(let piece):
            (body[0], body[1]) = (Self.piece, piece.kind.rawValue)
            number = Int64(piece.piece)
            if let sum = piece.sum {
                body[2] |= Self.hasSum
                body.replaceSubrange(Self.sumPlace, with: sum.bytes)
            }
            if let state = piece.state {
                body[2] |= Self.hasState
                body.replaceSubrange(Self.statePlace, with: state.bytes)
            }
        }
        for index in 0..<8 { body[8 + index] = UInt8(truncatingIfNeeded: number >> (56 - 8 * Int64(index))) }
        last = Self.check(last + body)
        return body + last
    }

    /// Reads the next record; nil where it is not what was written, or of a kind that this version does not know.
    mutating func decode(_ bytes: ArraySlice<UInt8>) -> SpoolRecord? {
        guard bytes.count == Self.length else { return nil }
        let body = Array(bytes.prefix(Self.bodyLength))
        let check = Self.check(last + body)
        guard bytes.suffix(Self.checkLength).elementsEqual(check) else { return nil }
        let number = body[8..<16].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard number >= 0, let record = Self.record(body, number) else { return nil }
        last = check
        return record
    }

    private static func record(_ body: [UInt8], _ number: Int64) -> SpoolRecord? {
        switch body[0] {
        case size: return .size(number, isUpstreams: body[1] == 1)
        case origin: return SpoolOrigin(code: body[sumPlace]).map { .origin($0) }
        case piece:
            guard let kind = SpooledPiece.Kind(rawValue: body[1]), number <= Int64(Int32.max) else { return nil }
            let sum = body[2] & hasSum == 0 ? nil : PieceSum(bytes: body[sumPlace])
            let state = body[2] & hasState == 0 ? nil : SHA256State(bytes: body[statePlace])
            guard sum != nil || state != nil else { return nil }
            return .piece(SpooledPiece(piece: Int(number), kind: kind, sum: sum, state: state))
        default: return nil
        }
    }

    private static func check(_ bytes: [UInt8]) -> [UInt8] {
        Array(ContentHasher.digest(of: bytes).bytes.prefix(checkLength))
    }
}
