public import Logging
import Transfer

extension Logger.MetadataProvider {
    /// The request on whose behalf something is logged, as `request_id`: it runs through mirror, download and sources.
    public static let requests = Logger.MetadataProvider {
        RequestTrace.id.map { ["request_id": "\($0)"] } ?? [:]
    }
}
