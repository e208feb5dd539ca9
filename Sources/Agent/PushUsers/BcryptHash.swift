import CCrypt
import Integrity

/// A password's hash by bcrypt: `$2a$`, `$2b$` or `$2y$`, the cost, a salt and the hash itself, 60 characters. It never prints.
struct BcryptHash: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    /// A cost of 16 takes some seconds of a processor for each password; more would stop everybody else.
    static let costs = 4...16

    /// As crypt(3) takes and gives it.
    private let text: [UInt8]
    /// The logarithm of how many rounds there are.
    let cost: Int

    /// Nil where the text is no such hash, or one that takes too long.
    init?(_ text: Substring) {
        let bytes = Array(text.utf8)
        guard bytes.count == 60, bytes.starts(with: "$2".utf8), "aby".utf8.contains(bytes[2]),
            bytes[3] == UInt8(ascii: "$"), bytes[6] == UInt8(ascii: "$"),
            bytes[4...5].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            bytes[7...].allSatisfy(Self.isDigit)
        else { return nil }
        cost = Int(bytes[4] - UInt8(ascii: "0")) * 10 + Int(bytes[5] - UInt8(ascii: "0"))
        guard Self.costs.contains(cost) else { return nil }
        self.text = bytes
    }

    /// Of no password that anybody knows, for the time that it takes to look.
    static let decoy: BcryptHash = {
        let salt = String(repeating: ".", count: 53)
        return BcryptHash("$2y$10$\(salt)")!
    }()

    /// Whether it is a password's. Takes from a millisecond to seconds, by the cost.
    /// - Parameter password: without a zero byte.
    func matches(_ password: String) -> Bool {
        let size = MemoryLayout<crypt_data>.size
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<crypt_data>.alignment)
        scratch.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        defer { scratch.deallocate() }
        let setting = String(decoding: text, as: UTF8.self)
        guard let hashed = crypt_rn(password, setting, scratch, CInt(size)) else { return false }
        return HMACSHA256.isEqual(Array(String(cString: hashed).utf8), text)
    }

    /// For keys of what was found out with it.
    var bytes: [UInt8] { text }

    var description: String { "BcryptHash(redacted)" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// bcrypt's own base64.
    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
