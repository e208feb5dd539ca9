import FoundationEssentials
import OCI

/// The content of `index.json` (OCI image specification, `image-layout.md`).
struct IndexDocument: Equatable {
    /// Larger files are no index of this program's.
    static let maximumSize: Int64 = 64 * 1024 * 1024

    /// How many bytes are freed where the disk is too full to write a document of so many entries.
    static func roomToWrite(_ count: Int) -> Int64 { 64 * 1024 + 1024 * Int64(count) }

    /// What this node knows.
    var records: [ImageRecord] = []
    /// Entries that other programs made; they are kept as they are.
    var foreign: [Descriptor] = []

    init(records: [ImageRecord], foreign: [Descriptor]) {
        self.records = records
        self.foreign = foreign
    }

    /// Reads a document.
    /// - Throws: What the decoder says of a document that is truncated or no index at all.
    init(_ bytes: [UInt8]) throws {
        for descriptor in try JSONDecoder().decode(ImageIndex.self, from: Data(bytes)).manifests {
            if let record = ImageRecord(descriptor) {
                records.append(record)
            } else {
                foreign.append(descriptor)
            }
        }
    }

    /// What ``encoded(_:)`` remembers from one time to the next.
    typealias Written = LongList<ImageRecord, Descriptor>
    static func nothingWritten() -> Written { LongList(\.descriptor) }

    /// The document's bytes; the same document has the same bytes.
    func encoded(_ written: inout Written) throws(ContentError) -> [UInt8] {
        do {
            return try written.write(records, into: ImageIndex(manifests: foreign), as: "manifests")
        } catch {
            throw ContentError(.io, "index.json cannot be encoded: \(error)", cause: error)
        }
    }
}
