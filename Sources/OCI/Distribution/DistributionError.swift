/// An error as the distribution specification words it: a code, a sentence, perhaps a detail, and the HTTP status.
public struct DistributionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The specification's codes; the last five are docker-registry's, which clients know as well.
    public enum Code: String, Sendable, CaseIterable {
        case blobUnknown = "BLOB_UNKNOWN"
        case blobUploadInvalid = "BLOB_UPLOAD_INVALID"
        case blobUploadUnknown = "BLOB_UPLOAD_UNKNOWN"
        case digestInvalid = "DIGEST_INVALID"
        case manifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN"
        case manifestInvalid = "MANIFEST_INVALID"
        case manifestUnknown = "MANIFEST_UNKNOWN"
        case nameInvalid = "NAME_INVALID"
        case nameUnknown = "NAME_UNKNOWN"
        case sizeInvalid = "SIZE_INVALID"
        case unauthorized = "UNAUTHORIZED"
        case denied = "DENIED"
        case unsupported = "UNSUPPORTED"
        case tooManyRequests = "TOOMANYREQUESTS"
        case tagInvalid = "TAG_INVALID"
        case rangeInvalid = "RANGE_INVALID"
        case paginationNumberInvalid = "PAGINATION_NUMBER_INVALID"
        case unavailable = "UNAVAILABLE"
        case unknown = "UNKNOWN"

        /// The HTTP status it goes out with unless another one is given.
        public var status: Int {
            switch self {
            case .blobUploadInvalid, .digestInvalid, .manifestBlobUnknown, .manifestInvalid, .nameInvalid, .sizeInvalid,
                .tagInvalid, .paginationNumberInvalid:
                400
            case .unauthorized: 401
            case .denied: 403
            case .blobUnknown, .blobUploadUnknown, .manifestUnknown, .nameUnknown: 404
            case .unsupported: 405
            case .rangeInvalid: 416
            case .tooManyRequests: 429
            case .unknown: 500
            case .unavailable: 503
            }
        }
    }

    /// The specification's word for it.
    public let code: Code
    /// For people. Must not contain secrets.
    public let message: String
    /// What the error is about, such as the digest that is unknown.
    public let detail: String?
    /// The HTTP status of the response.
    public let status: Int

    /// `status` defaults to the code's own.
    public init(code: Code, message: String, detail: String? = nil, status: Int? = nil) {
        self.code = code
        self.message = message
        self.detail = detail
        self.status = status ?? code.status
    }

    public var description: String { "\(code.rawValue) (\(status)): \(message)" }

    /// The response's body, `application/json`: `{"errors":[{"code":…,"message":…,"detail":…}]}`.
    public var json: [UInt8] {
        var body = "{\"errors\":[{\"code\":\(JSONString(code.rawValue)),\"message\":\(JSONString(message))"
        if let detail { body += ",\"detail\":\(JSONString(detail))" }
        return Array((body + "}]}\n").utf8)
    }
}
