import Content
import Glibc
import Synchronization
import SystemPackage

/// A reader that gives a few bytes at a time, and notes where it was asked.
final class SteppedReader: BlobReader {
    let size: Int64
    private let content: [UInt8]
    private let step: Int64
    private let asked = Mutex<[Int64]>([])

    init(content: [UInt8], step: Int64) {
        self.content = content
        self.step = step
        size = Int64(content.count)
    }

    var slices: [Int64] { asked.withLock { $0 } }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        asked.withLock { $0.append(offset) }
        let scratch = try Scratch()
        let path = scratch.path.appending("slice")
        let end = min(offset + min(limit, step), size)
        try scratch.write(Array(content[Int(offset)..<Int(end)]), to: path)
        return FileSlice(file: try OpenFile.open(path: path), offset: 0, length: end - offset)
    }

    func close() {}
}
