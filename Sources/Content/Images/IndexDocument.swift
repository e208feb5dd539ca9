import FoundationEssentials
import OCI

/// The content of `index.json` (OCI image specification, `image-layout.md`).
struct IndexDocument: Equatable {
    /// Larger files are no index of this program's.
    static let maximumSize: Int64 = 64 * 1024 * 1024

    /// How many bytes are freed where the disk is too full to write it.
    static let roomToWrite: Int64 = 1024 * 1024

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

    /// The document's bytes; the same document has the same bytes.
    func encoded() throws(ContentError) -> [UInt8] {
        let index = ImageIndex(manifests: records.map(\.descriptor) + foreign)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(index))
        } catch {
            throw ContentError(.io, "index.json cannot be encoded: \(error)", cause: error)
        }
    }
}
