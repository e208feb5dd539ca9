import Discovery
import FoundationEssentials
import OCI

/// How the names stand in `data_dir/names.json`.
struct NameDocument: Codable {
    /// A larger file is none of this program's.
    static let maximumSize = 64 << 20

    private struct Entry: Codable {
        var name: ImageReference
        var digest: Digest
        var mediaType: MediaType
        var size: Int64
        var counter: UInt64
        var author: NodeID
        var deleted: Bool?
        var subject: Digest?
        var own: Bool?
        var since: Int64

        enum CodingKeys: String, CodingKey {
            case name, digest, size, counter, author, deleted, subject, own, since
            case mediaType = "media_type"
        }
    }

    private var schema = 1
    private var names: [Entry]
    private var pins: [ImageReference]

    init(_ table: NameTable) {
        names = table.all.sorted { $0.name < $1.name }.map { record in
            Entry(
                name: record.name.image, digest: record.digest, mediaType: record.mediaType, size: record.size,
                counter: record.version.counter, author: record.version.author,
                deleted: record.isDeleted ? true : nil, subject: record.subject, own: record.isOwn ? true : nil,
                since: record.since)
        }
        pins = table.pins.sorted()
    }

    /// Entries that make no sense are left out: a later version of this program may have made them.
    var table: NameTable {
        var table = NameTable()
        for entry in names where entry.counter < NameVersion.counters.upperBound {
            guard let name = LocalName(entry.name) else { continue }
            _ = table.merge(
                NameRecord(
                    name: name, digest: entry.digest, mediaType: entry.mediaType, size: entry.size,
                    version: NameVersion(counter: entry.counter, author: entry.author),
                    isDeleted: entry.deleted == true, subject: entry.subject, isOwn: entry.own == true,
                    since: entry.since))
        }
        for pin in pins { _ = table.pin(pin, true) }
        return table
    }

    static func decode(_ bytes: [UInt8]) throws -> NameTable {
        try JSONDecoder().decode(NameDocument.self, from: Data(bytes)).table
    }

    /// The same names have the same bytes.
    ///
    /// Some at a time: an encoder keeps kilobytes for each as long as it is at work, and this is done for every push.
    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes = Array(#"{"names":["#.utf8)
        bytes.reserveCapacity(names.count * 320)
        for start in stride(from: 0, to: names.count, by: Self.portion) {
            if start > 0 { bytes.append(UInt8(ascii: ",")) }
            let portion = Array(names[start..<min(names.count, start + Self.portion)])
            bytes += try encoder.encode(portion).dropFirst().dropLast()
        }
        bytes += Array(#"],"pins":"#.utf8)
        bytes += try encoder.encode(pins)
        bytes += Array(#","schema":\#(schema)}"#.utf8)
        return bytes
    }

    private static let portion = 64
}
