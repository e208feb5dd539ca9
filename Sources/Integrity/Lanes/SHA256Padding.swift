/// The end of a message (FIPS 180-4, 5.1.1): what is left of it after its whole blocks, a one bit, zeros, and its length in bits.
struct SHA256Padding {
    private var blocks: [UInt8]

    /// - Parameters:
    ///   - tail: fewer than 64 bytes.
    ///   - messageLength: of the whole message, in bytes.
    init(tail: UnsafeRawBufferPointer, messageLength: Int64) {
        precondition(tail.count < 64, "whole blocks come before the padding")
        blocks = Array(tail)
        blocks.append(0x80)
        while blocks.count % 64 != 56 { blocks.append(0) }
        let bits = UInt64(messageLength) * 8
        for shift in stride(from: 56, through: 0, by: -8) { blocks.append(UInt8(truncatingIfNeeded: bits >> shift)) }
    }

    func compress(into state: inout SIMD8<UInt32>) {
        blocks.withUnsafeBufferPointer { bytes in
            withUnsafePointer(to: bytes.baseAddress) { data in
                HashKernel.serial.compress(&state, data, blocks: bytes.count / 64)
            }
        }
    }
}
