import Integrity
import OCI
import Testing

@testable import Content

@Suite("Records of a spool's journal")
struct SpoolRecordTests {
    private static let digest = digestOf([1, 2, 3])
    private static let sum = PieceSum(bytes: Array(0..<32))
    private static let state = SHA256State(bytes: Array(100..<132))

    static let records: [SpoolRecord] = [
        .size(0, isUpstreams: false), .size(.max, isUpstreams: true), .origin(SpoolScene.origin(7)),
        .piece(SpooledPiece(piece: 0, kind: .upstream, sum: sum)),
        .piece(SpooledPiece(piece: 70_000, kind: .checked, state: state)),
        .piece(SpooledPiece(piece: Int(Int32.max), kind: .checked, sum: sum, state: state)),
    ]

    @Test("What is written is read")
    func roundTrip() {
        var (writer, reader) = (SpoolRecordCoder(Self.digest), SpoolRecordCoder(Self.digest))
        for record in Self.records {
            let bytes = writer.encode(record)
            #expect(bytes.count == SpoolRecordCoder.length)
            #expect(reader.decode(bytes[...]) == record)
        }
    }

    @Test("No byte of a record can change unnoticed", arguments: records)
    func damage(record: SpoolRecord) {
        var writer = SpoolRecordCoder(Self.digest)
        let bytes = writer.encode(record)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            var reader = SpoolRecordCoder(Self.digest)
            #expect(reader.decode(damaged[...]) == nil)
            // The place is still good for the right one.
            #expect(reader.decode(bytes[...]) == record)
        }
    }

    @Test("A record counts only in its place, and only in the journal of its blob")
    func place() {
        var writer = SpoolRecordCoder(Self.digest)
        let first = writer.encode(Self.records[0])
        let second = writer.encode(Self.records[1])
        var reader = SpoolRecordCoder(Self.digest)
        #expect(reader.decode(second[...]) == nil)
        #expect(reader.decode(first[...]) != nil)
        #expect(reader.decode(first[...]) == nil)
        var other = SpoolRecordCoder(digestOf([4]))
        #expect(other.decode(first[...]) == nil)
    }

    @Test("A part of a record, or more than one, is none", arguments: [0, 1, 87, 89, 176])
    func length(_ length: Int) {
        var (writer, reader) = (SpoolRecordCoder(Self.digest), SpoolRecordCoder(Self.digest))
        let bytes = Self.records.flatMap { writer.encode($0) }
        #expect(reader.decode(bytes.prefix(length)) == nil)
    }
}
