import FoundationEssentials

/// Base64 as HTTP's Basic scheme has it (RFC 4648 §4).
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }
}
