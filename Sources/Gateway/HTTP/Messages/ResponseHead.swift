import NIOHTTP1

/// The head of an answer as it goes out: what the responder said, framed for this client (RFC 9112 §6).
struct ResponseHead {
    private(set) var head: HTTPResponseHead
    /// Whether another request may follow on the connection.
    private(set) var isKeepAlive: Bool
    /// Whether the body's bytes go out.
    let sendsBody: Bool

    /// - Parameters:
    ///   - request: nil where none could be understood.
    ///   - mayKeepAlive: false when the connection is to be closed for another reason.
    init(_ response: HTTPResponse, to request: HTTPRequest?, mayKeepAlive: Bool, date: HTTPDate) {
        let version = request?.version ?? .http1_1
        isKeepAlive = mayKeepAlive && request?.isKeepAlive == true
        sendsBody = request?.method != .HEAD && response.status.mayHaveResponseBody
        head = HTTPResponseHead(version: version < .http1_1 ? .http1_0 : .http1_1, status: response.status)
        for (name, value) in response.headers where Self.isClean(name) && Self.isClean(value) {
            head.headers.add(name: name, value: value)
        }
        frame(response.body, isHead: request?.method == .HEAD)
        head.headers.replaceOrAdd(name: "Date", value: date.description)
        head.headers.replaceOrAdd(name: "Server", value: "shoal")
        if !isKeepAlive {
            head.headers.replaceOrAdd(name: "Connection", value: "close")
        } else if version < .http1_1 {
            head.headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
    }

    private mutating func frame(_ body: HTTPResponse.Body, isHead: Bool) {
        head.headers.remove(name: "Transfer-Encoding")
        guard head.status.mayHaveResponseBody else {
            // RFC 9110 §8.6: none in a 204; a 304 may tell the length that a 200 would have had.
            if head.status != .notModified { head.headers.remove(name: "Content-Length") }
            return
        }
        switch body {
        case .none:
            if isHead, head.headers.contains(name: "Content-Length") { return }
            setLength(0)
        case .bytes(let bytes): setLength(Int64(bytes.count))
        case .blob(let blob): setLength(Int64(blob.range.count))
        case .stream(_, .some(let length)): setLength(length)
        case .stream(_, nil):
            head.headers.remove(name: "Content-Length")
            if head.version < .http1_1 {
                // The end of the connection is the end of the body.
                isKeepAlive = false
            } else if !isHead {
                head.headers.add(name: "Transfer-Encoding", value: "chunked")
            }
        }
    }

    private mutating func setLength(_ length: Int64) {
        head.headers.replaceOrAdd(name: "Content-Length", value: String(length))
    }

    /// A line break in a header, from wherever it came, would let its author write the rest of the answer.
    private static func isClean(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }
    }
}
