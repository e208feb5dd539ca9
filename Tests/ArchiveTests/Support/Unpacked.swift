import NIOCore

@testable import Archive

/// What an archive stands for, its compression undone, read in portions.
func unpackedBytes(_ bytes: [UInt8], portion: Int = .max) throws -> [UInt8] {
    var result: [UInt8] = []
    var stream = ArchiveBytes()
    var rest = bytes[...]
    while !rest.isEmpty {
        stream.add(ByteBuffer(bytes: rest.prefix(portion)))
        rest = rest.dropFirst(portion)
        while let chunk = try stream.next() { result += chunk.readableBytesView }
    }
    stream.end()
    while let chunk = try stream.next() { result += chunk.readableBytesView }
    return result
}
