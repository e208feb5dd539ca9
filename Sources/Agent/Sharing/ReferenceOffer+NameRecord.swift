import Discovery
import Registry

extension ReferenceOffer {
    /// What is told of a name of the local namespace.
    init(_ record: NameRecord) {
        self.init(
            reference: record.name.image, digest: record.digest, mediaType: record.mediaType, knownGood: record.since,
            version: record.version, isDeleted: record.isDeleted, subject: record.subject)
    }
}
