internal import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OCI

/// The head of a peer's answer to a request for a blob, checked against what was asked.
struct PeerBlob {
    /// Where the body begins.
    var offset: Int64
    /// How many bytes the body is to have.
    var length: Int64
    /// The size of the whole blob.
    var total: Int64
    var body: HTTPClientResponse.Body

    init(_ response: HTTPClientResponse, asked: Range<Int64>?) throws {
        let length = response.headers.first(name: "Content-Length").flatMap { Int64($0) }
        switch response.status {
        case .ok:
            guard let length, length >= 0 else {
                throw PeerAnswerError.wrong("the peer does not say how long its answer is")
            }
            (offset, self.length, total) = (0, length, length)
        case .partialContent:
            guard let asked, let header = response.headers.first(name: "Content-Range") else {
                throw PeerAnswerError.wrong(
                    "the peer answered 206 without a Content-Range or without being asked for a range")
            }
            let range = try ContentRange(header: header)
            guard let size = range.size, range.first == asked.lowerBound, range.last < asked.upperBound,
                range.last == min(asked.upperBound, size) - 1,
                length ?? (range.last - range.first + 1) == range.last - range.first + 1
            else { throw PeerAnswerError.wrong("the peer answered with \(header) when asked for \(asked)") }
            (offset, self.length, total) = (range.first, range.last - range.first + 1, size)
        default:
            throw PeerAnswerError(response)
        }
        if response.headers.contains(name: "Content-Encoding") {
            throw PeerAnswerError.wrong("the peer encoded a blob's bytes")
        }
        body = response.body
    }
}
