extension Unicode.Scalar {
    /// Whether a terminal or a log reader could take it for a command: control characters, separators of lines, and
    /// what changes the direction of text.
    var isControl: Bool {
        switch value {
        case ..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    /// The character as `\u{1b}`.
    var escaped: String { "\\u{\(String(value, radix: 16))}" }
}

extension String {
    /// The text with nothing in it that drives a terminal or ends a line. Names of peers and images are strangers' text.
    var escapingControls: String {
        guard unicodeScalars.contains(where: \.isControl) else { return self }
        var escaped = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case _ where scalar.isControl: escaped += scalar.escaped
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
