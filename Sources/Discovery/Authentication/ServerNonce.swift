import Integrity

/// A nonce that its maker recognises without remembering it: when it was made, and a code over that with a secret of this start.
///
/// On the wire 64 hexadecimal digits: 8 random bytes, 8 of milliseconds, 16 of code.
struct ServerNonce: Equatable, Sendable {
    static let digits = 64
    private static let codeLength = 16

    let salt: [UInt8]
    /// Since the start of the maker, by a clock that nobody sets.
    let milliseconds: UInt64

    init(salt: [UInt8], milliseconds: UInt64) {
        self.salt = salt
        self.milliseconds = milliseconds
    }

    /// Nil for what was not made with `secret`.
    init?(_ text: some StringProtocol, secret: [UInt8]) {
        guard text.utf8.count == Self.digits, let bytes = Hex.bytes(text) else { return nil }
        let salt = Array(bytes[..<8])
        let milliseconds = bytes[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        self.init(salt: salt, milliseconds: milliseconds)
        guard HMACSHA256.isEqual(code(secret: secret), Array(bytes[16...])) else { return nil }
    }

    func text(secret: [UInt8]) -> String {
        Hex.string(salt + millisecondBytes + code(secret: secret))
    }

    private var millisecondBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: milliseconds >> (56 - 8 * $0)) }
    }

    private func code(secret: [UInt8]) -> [UInt8] {
        Array(HMACSHA256.code(key: secret, salt, millisecondBytes).prefix(Self.codeLength))
    }
}
