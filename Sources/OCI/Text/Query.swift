/// The query of a request target: `name=value` pairs, looked up by name.
///
/// A name that is given twice is refused when it is asked for: two readers of one request must not see two values.
public struct Query: Sendable {
    private let raw: String

    /// `raw` is what follows the `?`, undecoded; nil where there was none.
    public init(_ raw: String?) {
        self.raw = raw ?? ""
    }

    /// The decoded value of `name`; nil if it is absent, empty if it has no value.
    /// - Throws: `.queryInvalid` if it is given twice or its percent-encoding is broken.
    public func value(of name: String) throws(OCIError) -> String? {
        let found = try values(of: name)
        guard found.count <= 1 else {
            throw OCIError(code: .queryInvalid, message: "query parameter '\(name)' is given twice; give it once")
        }
        return found.first
    }

    /// The decoded values of a `name` that may be given several times, in their order.
    /// - Throws: `.queryInvalid` if the percent-encoding of one is broken.
    public func values(of name: String) throws(OCIError) -> [String] {
        var found: [String] = []
        for pair in raw.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: .equals, maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = parts.first, PercentCoding.decode(Substring(key)) == name else { continue }
            guard let value = PercentCoding.decode(parts.count == 2 ? Substring(parts[1]) : "") else {
                throw OCIError(
                    code: .queryInvalid, message: "query parameter '\(name)' is not valid percent-encoded UTF-8")
            }
            found.append(value)
        }
        return found
    }
}
