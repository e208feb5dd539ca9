/// Untrusted text as it may stand in a message: in quotes, printable ASCII only, and not longer than a line.
///
/// A log line or a terminal must not be driven by what a stranger puts into a URL. What stands before an `@` is left
/// out: in a name that was meant as a URL it is a password.
struct Excerpt: CustomStringConvertible {
    private static let limit = 80
    let description: String

    init(_ text: some StringProtocol) {
        let text = String(text)
        let at = text.utf8.lastIndex(of: .at)
        let harmless = text.utf8[(at ?? text.startIndex)...]
        var shown = at == nil ? "'" : "'…"
        for byte in harmless.prefix(Self.limit) {
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
        description = shown + (harmless.count > Self.limit ? "…'" : "'")
    }
}
