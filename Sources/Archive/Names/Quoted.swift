/// A stranger's text as it may stand in a message: in quotes, printable ASCII only, and not longer than a line.
struct Quoted: CustomStringConvertible {
    private static let limit = 160
    let description: String

    init(_ text: String) {
        var shown = "'"
        for byte in text.utf8.prefix(Self.limit) {
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\\"): shown += "\\" + String(Unicode.Scalar(byte))
            case 0x20..<0x7f: shown.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16)
                shown += "\\x" + (hex.utf8.count == 1 ? "0" : "") + hex
            }
        }
        description = shown + (text.utf8.count > Self.limit ? "…'" : "'")
    }
}
