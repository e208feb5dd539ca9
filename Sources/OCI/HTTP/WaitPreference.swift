/// `Prefer: wait=N` (RFC 7240 §4.3): how long a client would rather wait than be told at once that there is nothing yet.
public struct WaitPreference: Hashable, Sendable {
    /// The longest that anybody waits, in seconds; who asks for more gets this.
    public static let longest = 15

    /// From 1 to ``longest``.
    public let seconds: Int

    public var duration: Duration { .seconds(seconds) }

    /// The value of `Prefer`, and of `Preference-Applied`.
    public var header: String { "wait=\(seconds)" }

    /// A wait of whole seconds, rounded up; nil where there is nothing to wait.
    public init?(_ duration: Duration) {
        guard duration > .zero else { return nil }
        let (seconds, attoseconds) = min(duration, .seconds(Self.longest)).components
        self.seconds = Int(seconds) + (attoseconds > 0 ? 1 : 0)
    }

    /// Reads the values of all `Prefer` fields of a request. Of several `wait` the first counts (RFC 7240 §2); what is no number
    /// of seconds is ignored, like any preference that is not understood.
    public init?(headers: [String]) {
        for header in headers {
            var cursor = HeaderCursor(header)
            while !cursor.isAtEnd {
                cursor.skipWhitespace()
                if let name = cursor.token(), name.utf8.map(\.asciiLowercased).elementsEqual("wait".utf8) {
                    guard let seconds = Self.seconds(&cursor), seconds > 0 else { return nil }
                    self.seconds = min(seconds, Self.longest)
                    return
                }
                cursor.skipElement()
            }
        }
        return nil
    }

    private static func seconds(_ cursor: inout HeaderCursor) -> Int? {
        cursor.skipWhitespace()
        guard cursor.take(.equals) else { return nil }
        cursor.skipWhitespace()
        guard let word = cursor.next == .quote ? cursor.quotedString() : cursor.token(), !word.isEmpty,
            word.utf8.allSatisfy(\.isASCIIDigit)
        else { return nil }
        // Too many digits for a number ask for more than the longest as well.
        return Int(word) ?? longest
    }
}
