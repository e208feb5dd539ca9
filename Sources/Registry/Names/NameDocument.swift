import Content
import FoundationEssentials
import OCI

/// How the names stand in `data_dir/names.json`.
struct NameDocument: Codable {
    /// A larger file is none of this program's.
    static let maximumSize = 64 << 20

    static let schema = 1

    private var schema = Self.schema
    private var names: [NameEntry]
    private var pins: [ImageReference]

    init(_ table: NameTable) {
        names = table.sorted().map(NameEntry.init)
        pins = table.pins.sorted()
    }

    /// Entries that make no sense are left out: a later version of this program may have made them.
    var table: NameTable {
        var table = NameTable()
        for record in names.compactMap(\.record) { _ = table.merge(record) }
        for pin in pins { _ = table.pin(pin, true) }
        return table
    }

    static func decode(_ bytes: [UInt8]) throws -> NameTable {
        try JSONDecoder().decode(NameDocument.self, from: Data(bytes)).table
    }

    /// What ``encode(_:_:)`` remembers from one time to the next.
    typealias Written = LongList<NameRecord, NameEntry>
    static func nothingWritten() -> Written { LongList(NameEntry.init) }

    /// The same names have the same bytes.
    static func encode(_ table: NameTable, _ written: inout Written) throws -> [UInt8] {
        var rest = NameDocument(NameTable())
        rest.pins = table.pins.sorted()
        return try written.write(table.sorted(), into: rest, as: "names")
    }
}
