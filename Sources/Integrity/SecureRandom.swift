import CLibCrypto

/// Random bytes that nobody can guess: for keys, nonces and node ids.
public enum SecureRandom {
    /// `count` bytes from libcrypto's generator, which the kernel seeds.
    public static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // A nonce or a key that could be guessed is worse than no agent, so there is nothing to go on with.
            let done = RAND_bytes(buffer.baseAddress, CInt(count))
            precondition(done == 1, "libcrypto has no random bytes: the kernel's generator cannot be read")
            initialized = count
        }
    }
}
