import CLibCrypto

/// HMAC with SHA-256 (RFC 2104) over several parts, for beacons and peer requests.
public enum HMACSHA256 {
    /// Length of a code in bytes.
    public static let length = 32

    /// The code over `parts`, each preceded by its length as eight bytes, big-endian.
    ///
    /// Thus `"ab", "c"` and `"a", "bc"` have different codes, and what one part ends with cannot pass for the next.
    public static func code(key: [UInt8], _ parts: [UInt8]...) -> [UInt8] {
        code(key: key, parts: parts)
    }

    /// The code over `parts`, as above.
    public static func code(key: [UInt8], parts: [[UInt8]]) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(parts.reduce(0) { $0 + $1.count + MemoryLayout<UInt64>.size })
        for part in parts {
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { message.append(contentsOf: $0) }
            message += part
        }
        return plainCode(key: key, message: message)
    }

    /// Whether two codes are the same, in a time that does not tell where they differ.
    public static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count, !left.isEmpty else { return left.isEmpty && right.isEmpty }
        return CRYPTO_memcmp(left, right, left.count) == 0
    }

    /// The code of RFC 2104 itself, which the vectors of RFC 4231 are for.
    static func plainCode(key: [UInt8], message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            // Nothing but a lack of memory makes this fail; going on without a code would be worse than ending.
            let code = HMAC(
                EVP_sha256(), key, CInt(key.count), message, message.count, buffer.baseAddress, nil)
            precondition(code != nil, "libcrypto cannot compute an HMAC: out of memory, or the library is damaged")
            count = length
        }
    }
}
