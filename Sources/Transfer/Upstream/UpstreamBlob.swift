import OCI

/// The head of upstream's answer to a request for a blob, checked against what was asked.
public struct UpstreamBlob: Sendable {
    /// Where in the blob the body begins.
    public var offset: Int64
    /// The size of the whole blob; nil where upstream did not say.
    public var totalSize: Int64?
    /// No credentials of this node were needed.
    public var anonymous: Bool
    /// A range was asked for, and the whole blob is coming.
    public var rangeIgnored: Bool
    public var body: UpstreamBody
}

/// What the head of an answer says about the bytes that follow: a value, checked against the question.
struct BlobExtent: Equatable {
    var offset: Int64
    /// The size of the whole blob; nil where it is not said.
    var total: Int64?
    /// How many bytes follow; nil where it is not said.
    var count: Int64?
    var rangeIgnored: Bool

    /// The answer does not fit the question, and bytes written where it says would spoil a blob.
    struct Misfit: Error, Equatable, CustomStringConvertible {
        var description: String
    }

    /// - Parameters:
    ///   - asked: the range asked for, `Int64.max` as its end for everything from its beginning on; nil for the whole blob.
    ///   - status: 200 or 206.
    init(
        asked: Range<Int64>?, status: Int, contentRange: String?, contentLength: Int64?
    ) throws(Misfit) {
        guard status == 206 else {
            self.init(offset: 0, total: contentLength, count: contentLength, rangeIgnored: asked != nil)
            return
        }
        guard let asked else { throw Misfit(description: "it answered 206 although all was asked for") }
        guard let contentRange, let content = try? ContentRange(header: contentRange) else {
            throw Misfit(description: "it answered 206 without a Content-Range that makes sense")
        }
        let count = content.range.upperBound - content.first
        // Less than was asked for is allowed (RFC 9110 §15.3.7), other bytes are not.
        guard content.first == asked.lowerBound, content.range.upperBound <= asked.upperBound else {
            throw Misfit(description: "it answered with \(content.header) when asked for bytes from \(asked)")
        }
        if let contentLength, contentLength != count {
            throw Misfit(description: "it announced \(contentLength) bytes, and \(content.header)")
        }
        self.init(offset: content.first, total: content.size, count: count, rangeIgnored: false)
    }

    init(offset: Int64, total: Int64?, count: Int64?, rangeIgnored: Bool) {
        self.offset = offset
        self.total = total
        self.count = count
        self.rangeIgnored = rangeIgnored
    }
}
