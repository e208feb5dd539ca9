import NIOHTTP1

/// One thing that a stub does wrong. Faults of one answer are combined, in order.
enum StubFault: Sendable {
    // Instead of the answer
    case status(Int, headers: [(String, String)] = [])
    case redirect(to: String, status: Int = 307)
    case mute
    case hangUp
    // In the head
    /// Answers 200 and everything, whatever the range.
    case ignoreRange
    /// A `Content-Range` of its own making; nil for none.
    case contentRange(String?)
    /// Another `Content-Length` than the body has.
    case contentLength(Int)
    /// A header of its own making; nil for none.
    case header(String, String?)
    case chunked
    case untilClose
    // In the body
    case wrongByte(at: Int)
    /// So many bytes less, as if that was all.
    case short(by: Int)
    /// So many bytes more.
    case long(by: Int)
    case cut(after: Int)
    case reset(after: Int)
    case stall(after: Int)

    /// 429 or 503 with `Retry-After`.
    static func throttle(_ status: Int = 429, retryAfter: String) -> StubFault {
        .status(status, headers: [("Retry-After", retryAfter)])
    }

    /// Whether the honest answer is to be made as if no range had been asked for.
    var ignoresRange: Bool {
        if case .ignoreRange = self { true } else { false }
    }

    func apply(to response: inout StubResponse) {
        switch self {
        case .status(let status, let headers): response = StubResponse(status, headers)
        case .redirect(let location, let status): response = .redirect(to: location, status: status)
        case .mute: response.ending = .mute
        case .hangUp: response.ending = .hangUp
        case .ignoreRange: break
        case .contentRange(let value): Self.set("Content-Range", value, &response)
        case .contentLength(let count): response.framing = .length(count)
        case .header(let name, let value): Self.set(name, value, &response)
        case .chunked: response.framing = .chunked
        case .untilClose: response.framing = .untilClose
        case .wrongByte(let position):
            let index = response.body.startIndex + position
            if response.body.indices.contains(index) { response.body[index] ^= 0xff }
        case .short(let count): response.body = response.body.dropLast(count)
        case .long(let count): response.body += [UInt8](repeating: 0x55, count: count)
        case .cut(let count): response.ending = .cut(after: count)
        case .reset(let count): response.ending = .reset(after: count)
        case .stall(let count): response.ending = .stall(after: count)
        }
    }

    private static func set(_ name: String, _ value: String?, _ response: inout StubResponse) {
        response.headers.remove(name: name)
        if let value { response.headers.add(name: name, value: value) }
    }
}
