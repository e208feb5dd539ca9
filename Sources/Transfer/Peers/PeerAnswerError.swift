internal import AsyncHTTPClient
import Discovery
import NIOHTTP1

/// A peer's answer that cannot be used.
enum PeerAnswerError: Error, Equatable, CustomStringConvertible {
    case status(Int)
    /// The bytes asked for have not arrived there; the pieces that have, as `Shoal-Pieces` writes them.
    case missing(pieces: String)
    /// It has no time for this now; when to ask again, and who may have the piece as well.
    case busy(retryAfter: Duration?, holders: [NodeID])
    case wrong(String)

    /// The most nodes that a busy peer is believed to know.
    static let namedHolders = 8

    /// What the head of an answer without a body of use says.
    init(_ response: HTTPClientResponse) {
        let headers = response.headers
        switch response.status {
        case .notFound where headers.contains(name: "Shoal-Pieces"):
            let pieces = headers.first(name: "Shoal-Pieces") ?? ""
            // Longer ones are nobody's, and say nothing.
            self = .missing(pieces: pieces.utf8.count <= PieceSet.maximumTextSize ? pieces : "")
        case .serviceUnavailable:
            let names = headers.first(name: "Shoal-Holders")?.split(separator: ",").prefix(Self.namedHolders) ?? []
            self = .busy(
                retryAfter: RetryAfter.duration(
                    headers.first(name: "Retry-After"), date: headers.first(name: "Date")),
                holders: names.compactMap { name in NodeID(hex: name.filter { $0 != " " }) })
        default:
            self = .status(Int(response.status.code))
        }
    }

    var description: String {
        switch self {
        case .status(let code): "the peer answered \(code)"
        case .missing: "the bytes have not arrived at the peer"
        case .busy: "the peer is busy"
        case .wrong(let message): message
        }
    }
}
