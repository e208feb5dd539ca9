internal import CLibCrypto

/// HMAC-SHA-256 (RFC 2104) over several parts.
public enum HMACSHA256 {
    /// The code's length in bytes.
    public static let length = 32

    /// The authentication code of the parts under a key.
    ///
    /// Every part is preceded by its length (eight bytes, big endian), so that no two lists of parts look alike.
    public static func code(key: [UInt8], _ parts: [UInt8]...) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(parts.reduce(0) { $0 + $1.count + 8 })
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { message.append(contentsOf: $0) }
            message.append(contentsOf: part)
        }
        return plain(key: key, message)
    }

    /// The code of one message as RFC 2104 has it, without lengths.
    static func plain(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: length)
        // libcrypto takes a null key for "the one before"; an empty key needs an address.
        let padded = key.isEmpty ? [0] : key
        let result = HMAC(EVP_sha256(), padded, CInt(key.count), message, message.count, &code, nil)
        precondition(result != nil, "libcrypto refused to make an HMAC")
        return code
    }

    /// Compares in a time that does not depend on the bytes.
    public static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }
}
