import CLibCrypto
public import OCI

/// Computes a content digest from bytes as they come, with libcrypto.
///
/// Owned by one task at a time: it is not copyable, and its context is freed when it goes out of scope, finished or not.
///
/// - Important: On machines without SHA extensions hashing takes seconds for a gigabyte: never on an event loop.
public struct ContentHasher: ~Copyable, @unchecked Sendable {
    // Unchecked: the pointer is reachable through this value only, which cannot be copied, so whoever has it is alone.
    private let context: OpaquePointer
    private let algorithm: Digest.Algorithm

    /// Begins an empty hash.
    public init(_ algorithm: Digest.Algorithm) {
        self.algorithm = algorithm
        // Nothing but a lack of memory makes these fail, and Swift's own allocations end the process there too.
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm.method, nil) == 1 else {
            preconditionFailure("libcrypto cannot begin a \(algorithm) hash: out of memory, or the library is damaged")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Takes in the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        let done = EVP_DigestUpdate(context, start, bytes.count)
        precondition(done == 1, "libcrypto cannot go on with a \(algorithm) hash: the library is damaged")
    }

    /// The digest of everything that was taken in.
    public consuming func finish() -> Digest {
        let hash = [UInt8](unsafeUninitializedCapacity: algorithm.byteCount) { buffer, count in
            let done = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(done == 1, "libcrypto cannot finish a \(algorithm) hash: the library is damaged")
            count = algorithm.byteCount
        }
        guard let digest = try? Digest(algorithm: algorithm, bytes: hash) else {
            preconditionFailure("a \(algorithm) hash has \(algorithm.byteCount) bytes")
        }
        return digest
    }

    /// The digest of bytes that are all there, such as a manifest's.
    public static func digest(of bytes: [UInt8], algorithm: Digest.Algorithm = .sha256) -> Digest {
        var hasher = ContentHasher(algorithm)
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }
}

extension Digest.Algorithm {
    /// libcrypto's implementation.
    fileprivate var method: OpaquePointer? {
        switch self {
        case .sha256: EVP_sha256()
        case .sha512: EVP_sha512()
        }
    }
}
