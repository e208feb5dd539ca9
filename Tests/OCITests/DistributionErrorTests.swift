import FoundationEssentials
import OCI
import Testing

struct DistributionErrorTests {
    private struct Body: Decodable {
        struct Entry: Decodable {
            var code: String
            var message: String
            var detail: String?
        }
        var errors: [Entry]
    }

    @Test(
        "a code goes out with the status that clients expect",
        arguments: [
            (.blobUnknown, "BLOB_UNKNOWN", 404), (.blobUploadInvalid, "BLOB_UPLOAD_INVALID", 400),
            (.blobUploadUnknown, "BLOB_UPLOAD_UNKNOWN", 404), (.digestInvalid, "DIGEST_INVALID", 400),
            (.manifestBlobUnknown, "MANIFEST_BLOB_UNKNOWN", 400), (.manifestInvalid, "MANIFEST_INVALID", 400),
            (.manifestUnknown, "MANIFEST_UNKNOWN", 404), (.nameInvalid, "NAME_INVALID", 400),
            (.nameUnknown, "NAME_UNKNOWN", 404), (.sizeInvalid, "SIZE_INVALID", 400),
            (.unauthorized, "UNAUTHORIZED", 401),
            (.denied, "DENIED", 403), (.unsupported, "UNSUPPORTED", 405), (.tooManyRequests, "TOOMANYREQUESTS", 429),
            (.tagInvalid, "TAG_INVALID", 400), (.rangeInvalid, "RANGE_INVALID", 416),
            (.paginationNumberInvalid, "PAGINATION_NUMBER_INVALID", 400), (.unavailable, "UNAVAILABLE", 503),
            (.unknown, "UNKNOWN", 500),
        ] as [(DistributionError.Code, String, Int)])
    func status(code: DistributionError.Code, text: String, status: Int) {
        #expect(code.rawValue == text)
        #expect(DistributionError(code: code, message: "").status == status)
    }

    @Test("the status can be another one than the code's own")
    func otherStatus() {
        #expect(DistributionError(code: .unsupported, message: "", status: 400).status == 400)
    }

    @Test(
        "any message is valid JSON and comes out as it went in",
        arguments: [
            "plain", "\"quoted\"", "back\\slash", "line\nfeed\r\t\0\u{1b}\u{7f}", "ünï©øde 🐟\u{2028}",
            "\"}],\"x\":[{\"", "",
        ])
    func json(message: String) throws {
        let error = DistributionError(code: .nameInvalid, message: message, detail: message)
        let body = try JSONDecoder().decode(Body.self, from: Data(error.json))
        #expect(body.errors.count == 1)
        #expect(body.errors.first?.code == "NAME_INVALID")
        #expect(body.errors.first?.message.unicodeScalars.elementsEqual(message.unicodeScalars) == true)
        #expect(body.errors.first?.detail?.unicodeScalars.elementsEqual(message.unicodeScalars) == true)
    }

    @Test("the body has the specification's form")
    func form() {
        let error = DistributionError(code: .blobUnknown, message: "no such blob", detail: "sha256:0")
        let text = String(decoding: error.json, as: UTF8.self)
        #expect(text == #"{"errors":[{"code":"BLOB_UNKNOWN","message":"no such blob","detail":"sha256:0"}]}"# + "\n")
        let bare = String(decoding: DistributionError(code: .denied, message: "no").json, as: UTF8.self)
        #expect(bare == #"{"errors":[{"code":"DENIED","message":"no"}]}"# + "\n")
    }
}
