import NIOHTTP1

/// A request as a stub got it.
struct StubRequest: Sendable {
    var method: HTTPMethod
    /// Path and query, undecoded.
    var target: String
    var headers: HTTPHeaders
    var body: [UInt8]

    /// Without the query.
    var path: String { String(target.prefix { $0 != "?" }) }
    var query: String { String(target.drop { $0 != "?" }.dropFirst()) }
    var authorization: String? { headers.first(name: "Authorization") }
}
