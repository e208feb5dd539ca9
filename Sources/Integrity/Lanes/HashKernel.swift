import CSHA256

/// One way to compute SHA-256's compression function over several messages at once.
///
/// `@unchecked Sendable`: points to a constant of the C target.
public struct HashKernel: @unchecked Sendable {
    private let kernel: UnsafePointer<shoal_sha256_kernel>

    /// What it is called: `libcrypto`, `portable`, `sha-ni`, `avx2`, `avx512`.
    public var name: String { String(cString: kernel.pointee.name) }
    /// How many messages one call takes.
    public var lanes: Int { kernel.pointee.lanes }

    /// Those that this processor can run.
    public static let usable: [HashKernel] = (0..<shoal_sha256_kernel_count()).compactMap { index in
        shoal_sha256_kernel_at(index).map(HashKernel.init(kernel:))
    }

    /// For what is left of a message once there are no others beside it.
    static let serial = usable[0]

    /// Leads `lanes` states through `blocks` blocks of 64 bytes each.
    /// - Parameters:
    ///   - states: at least `lanes`, in the layout of the C target.
    ///   - data: at least `lanes` pointers to `blocks` blocks each.
    func compress(
        _ states: UnsafeMutablePointer<SIMD8<UInt32>>, _ data: UnsafePointer<UnsafePointer<UInt8>?>, blocks: Int
    ) {
        states.withMemoryRebound(to: CState.self, capacity: lanes) { states in
            kernel.pointee.compress(states, data, blocks)
        }
    }

    private typealias CState = (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)
}
