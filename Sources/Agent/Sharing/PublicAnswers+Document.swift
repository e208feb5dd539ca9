import FoundationEssentials
import OCI

/// How the answers stand in `data_dir/public-images.json`.
extension PublicAnswers {
    /// A larger file is none of this program's.
    static let maximumSize = 16 << 20

    private struct Document: Codable {
        var schema = 1
        var images: [Entry]
    }

    private struct Entry: Codable {
        var origin: Origin
        var digest: Digest
        var isPublic: Bool
        var askedAt: Int64

        enum CodingKeys: String, CodingKey {
            case origin, digest
            case isPublic = "public"
            case askedAt = "asked_at"
        }
    }

    /// Reads a document.
    /// - Throws: what the decoder says of one that is cut off or no document at all.
    init(document bytes: [UInt8]) throws {
        self.init()
        let document = try JSONDecoder().decode(Document.self, from: Data(bytes))
        for entry in document.images {
            record(entry.isPublic, of: Image(origin: entry.origin, digest: entry.digest), at: entry.askedAt)
        }
    }

    /// The document's bytes; the same answers have the same bytes.
    func document() throws -> [UInt8] {
        let entries = answers.map { image, answer in
            Entry(origin: image.origin, digest: image.digest, isPublic: answer.isPublic, askedAt: answer.askedAt)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let sorted = entries.sorted { ($0.digest, $0.origin) < ($1.digest, $1.origin) }
        return try Array(encoder.encode(Document(images: sorted)))
    }
}
