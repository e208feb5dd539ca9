import Content

/// A reader of what is still coming in, whose patience ends: an upload slot is not held for bytes that do not come.
struct PatientReader: BlobReader {
    let base: any BlobReader
    let patience: Duration

    var size: Int64 { base.size }

    func next(at offset: Int64, limit: Int64) async throws -> FileSlice {
        try await withThrowingTaskGroup(of: FileSlice.self) { group in
            group.addTask { [base] in try await base.next(at: offset, limit: limit) }
            group.addTask { [patience] in
                try await Task.sleep(for: patience)
                throw ArrivalStopped("no byte has come at offset \(offset) for \(patience)")
            }
            defer { group.cancelAll() }
            guard let slice = try await group.next() else { throw CancellationError() }
            return slice
        }
    }

    func unreadable(because reason: String) async -> Bool { await base.unreadable(because: reason) }

    func close() { base.close() }
}
