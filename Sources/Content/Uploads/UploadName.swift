import Integrity
import SystemPackage

/// Names an upload: 32 hexadecimal digits that nobody guesses, so that no client gets into another's.
public struct UploadName: CustomStringConvertible, Hashable, Sendable {
    public let description: String

    /// Nil where the text is no such name; what is one leads out of no folder.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ Self.digits.contains($0) }) else { return nil }
        description = String(text)
    }

    /// A new one, from the system's random source.
    public static func random() -> UploadName {
        let text = SecureRandom.bytes(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return UploadName(known: String(decoding: text, as: UTF8.self))
    }

    private init(known: String) {
        description = known
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
