/// A host name as a stranger tells it: short, and nothing in it that does more to a terminal or a log than be read.
struct PrintableName: Equatable {
    let text: String

    /// Nil where it is too long, or holds anything but letters, digits, `.`, `-` and `_`.
    init?(_ text: String) {
        guard text.utf8.count <= BeaconLimits.name, text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.text = text
    }

    /// The name of this host, made to fit.
    init(fitting text: String) {
        let bytes = text.utf8.prefix(BeaconLimits.name).map { Self.isAllowed($0) ? $0 : UInt8(ascii: "-") }
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
