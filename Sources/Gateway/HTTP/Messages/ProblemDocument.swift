import FoundationEssentials
public import NIOHTTP1

/// An error as `application/problem+json` (RFC 9457).
struct ProblemDocument: Codable, Equatable {
    /// `about:blank`: the problem is what the status says.
    var type = "about:blank"
    var title: String
    var status: Int
    var detail: String
}

extension HTTPResponse {
    /// An error in the form of RFC 9457.
    ///
    /// - Parameter detail: what happened, to what, what to do. Must not contain secrets.
    public static func problem(
        _ status: HTTPResponseStatus, _ detail: String, headers: HTTPHeaders = [:]
    ) -> HTTPResponse {
        let document = ProblemDocument(title: status.reasonPhrase, status: Int(status.code), detail: detail)
        return json(document, status: status, contentType: "application/problem+json", headers: headers)
    }

    /// A value as JSON, with sorted keys so that equal values are equal bytes.
    public static func json(
        _ value: some Encodable, status: HTTPResponseStatus = .ok, contentType: String = "application/json",
        headers: HTTPHeaders = [:]
    ) -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var headers = headers
        guard let bytes = try? encoder.encode(value) else {
            // Only values that JSON cannot express (NaN) get here.
            return HTTPResponse(status: .internalServerError, headers: headers)
        }
        headers.replaceOrAdd(name: "Content-Type", value: contentType)
        return HTTPResponse(status: status, headers: headers, body: .bytes(Array(bytes)))
    }
}
