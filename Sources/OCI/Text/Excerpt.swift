/// Untrusted text as it may stand in a message: in quotes, printable ASCII only, and not longer than a line.
///
/// A log line or a terminal must not be driven by what a stranger puts into a URL.
struct Excerpt: CustomStringConvertible {
    private static let limit = 80
    let description: String

    init(_ text: some StringProtocol) {
        var shown = "'"
        for byte in text.utf8.prefix(Self.limit) {
            switch byte {
            case UInt8(ascii: "'"), .backslash:
                shown += "\\" + String(Unicode.Scalar(byte))
            case 0x20..<0x7f:
                shown.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                shown += "\\x"
                shown.unicodeScalars.append(Unicode.Scalar(UInt8.hexDigit(byte >> 4)))
                shown.unicodeScalars.append(Unicode.Scalar(UInt8.hexDigit(byte & 15)))
            }
        }
        description = shown + (text.utf8.count > Self.limit ? "…'" : "'")
    }
}
