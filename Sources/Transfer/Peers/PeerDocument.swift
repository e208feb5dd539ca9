import Discovery
import NIOHTTP1

/// The body of a document that a peer answered, with its content coding undone.
enum PeerDocument {
    /// What is asked for by `Accept-Encoding`.
    static let accepted = "gzip"

    /// - Parameters:
    ///   - body: as it came; what proves it has been checked, so that nobody but the peer gets to speak to zlib.
    ///   - limit: the most bytes that it may come to.
    static func plain(_ body: [UInt8], headers: HTTPHeaders, limit: Int) throws -> [UInt8] {
        let codings = headers[canonicalForm: "Content-Encoding"].map { $0.lowercased() }.filter { $0 != "identity" }
        switch codings {
        case []: return body
        case [Self.accepted]: return try GzipBody.inflated(body, limit: limit)
        default:
            throw PeerAnswerError.wrong("the peer answered in a content coding that it was not asked for")
        }
    }
}
