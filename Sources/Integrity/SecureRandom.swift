internal import CLibCrypto

/// Bytes that nobody can guess.
public enum SecureRandom {
    public static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard count > 0 else { return bytes }
        let result = RAND_bytes(&bytes, CInt(count))
        precondition(result == 1, "libcrypto has no random bytes")
        return bytes
    }
}
