import NIOHTTP1

/// What a stub answers, and where it goes wrong: a value.
struct StubResponse: Sendable {
    enum Framing: Sendable, Equatable {
        /// `Content-Length`: the body's, or another.
        case length(Int?)
        case chunked
        /// HTTP/1.0: the body ends where the connection does.
        case untilClose
    }

    enum Ending: Sendable, Equatable {
        case complete
        /// FIN after so many bytes of the body.
        case cut(after: Int)
        /// RST after so many bytes of the body.
        case reset(after: Int)
        /// Silence after so many bytes of the body, until the client or the stub goes.
        case stall(after: Int)
        /// Silence from the start: not even a status line.
        case mute
        /// FIN instead of an answer.
        case hangUp
    }

    var status: Int
    var headers: HTTPHeaders
    var body: ArraySlice<UInt8>
    var framing = Framing.length(nil)
    var ending = Ending.complete

    init(_ status: Int, _ headers: [(String, String)] = [], body: some Sequence<UInt8> = []) {
        self.status = status
        self.headers = HTTPHeaders(headers)
        self.body = ArraySlice(body)
    }

    static func text(_ status: Int, _ text: String, _ headers: [(String, String)] = []) -> StubResponse {
        StubResponse(status, [("Content-Type", "application/json")] + headers, body: text.utf8)
    }

    static func redirect(to location: String, status: Int = 307) -> StubResponse {
        StubResponse(status, [("Location", location)])
    }

    /// How many bytes of the body go out.
    var sendable: Int {
        switch ending {
        case .complete: body.count
        case .cut(let count), .reset(let count), .stall(let count): min(count, body.count)
        case .mute, .hangUp: 0
        }
    }
}
