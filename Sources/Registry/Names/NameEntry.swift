import Discovery
import OCI

/// How one name stands in `data_dir/names.json`.
struct NameEntry: Codable {
    private var name: ImageReference
    private var digest: Digest
    private var mediaType: MediaType
    private var size: Int64
    private var counter: UInt64
    private var author: NodeID
    private var deleted: Bool?
    private var subject: Digest?
    private var own: Bool?
    private var since: Int64

    private enum CodingKeys: String, CodingKey {
        case name, digest, size, counter, author, deleted, subject, own, since
        case mediaType = "media_type"
    }

    init(_ record: NameRecord) {
        name = record.name.image
        digest = record.digest
        mediaType = record.mediaType
        size = record.size
        counter = record.version.counter
        author = record.version.author
        deleted = record.isDeleted ? true : nil
        subject = record.subject
        own = record.isOwn ? true : nil
        since = record.since
    }

    /// Nil where the entry makes no sense: a later version of this program may have made it.
    var record: NameRecord? {
        guard counter < NameVersion.counters.upperBound, let name = LocalName(name) else { return nil }
        return NameRecord(
            name: name, digest: digest, mediaType: mediaType, size: size,
            version: NameVersion(counter: counter, author: author), isDeleted: deleted == true, subject: subject,
            isOwn: own == true, since: since)
    }
}
