import Content
import Glibc

/// Bytes whose value tells their place. The period is a prime, so that a shift by a page or a piece shows.
func pattern(_ range: Range<Int>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound {
        let start = position % period.count
        let length = min(period.count - start, range.upperBound - position)
        bytes += period[start..<start + length]
        position += length
    }
    return bytes
}

private let period = (0..<65_537).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ $0 >> 16) }

/// An unlinked file with the pattern's first bytes.
func patternFile(_ size: Int) throws -> OpenFile {
    var template = Array("/tmp/gateway-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw TestFileError(errno: errno) }
    unlink(template)
    let file = OpenFile(adopting: descriptor)
    let bytes = pattern(0..<size)
    var written = 0
    while written < size {
        let count = bytes.withUnsafeBytes {
            pwrite(descriptor, $0.baseAddress! + written, size - written, off_t(written))
        }
        guard count > 0 else { throw TestFileError(errno: errno) }
        written += count
    }
    return file
}

/// A folder of its own, removed with what is in it.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = try makeTemporaryFolder()
    defer { removeFolder(folder) }
    return try await body(folder)
}

func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = try makeTemporaryFolder()
    defer { removeFolder(folder) }
    return try body(folder)
}

private func makeTemporaryFolder() throws -> String {
    var template = Array("/tmp/gateway-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFileError(errno: errno) }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private func removeFolder(_ folder: String) {
    if let directory = opendir(folder) {
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(folder)/\(name)")
        }
        closedir(directory)
    }
    rmdir(folder)
}

struct TestFileError: Error {
    var errno: CInt
}
