import Content
import Foundation
import SystemPackage
import Testing

@testable import Transfer

extension BlobReader {
    /// All that a reader came for, read from the files that it is handed.
    func readAll(_ intent: DownloadPlan.Intent) async throws -> [UInt8] {
        defer { close() }
        var position: Int64
        let end: Int64?
        switch intent {
        case .toEnd(let from): (position, end) = (from, nil)
        case .closed(let range): (position, end) = (range.lowerBound, range.upperBound)
        }
        var bytes: [UInt8] = []
        while position < end ?? .max {
            if bytes.count > 0, position >= size { break }
            let slice = try await next(at: position, limit: (end ?? .max) - position)
            guard slice.length > 0 else { break }
            bytes += slice.readNow()
            position += slice.length
        }
        return bytes
    }
}

extension FileSlice {
    func readNow() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(length))
        #expect(pread(file.descriptor, &bytes, bytes.count, off_t(offset)) == bytes.count)
        return bytes
    }
}

/// A directory that is gone afterwards.
func withTemporaryDirectory<T>(_ body: (FilePath) async throws -> T) async throws -> T {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("shoal-test-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: path) } }
    return try await body(FilePath(path))
}

/// Waits until a condition holds; a bounded time.
func eventually(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(20))
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("the condition did not come true in 20 s")
            return
        }
        try await Task.sleep(for: .milliseconds(5))
    }
}
