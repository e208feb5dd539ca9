@testable import Archive

/// What a tar archive has in it, read in portions.
struct TarListing: Equatable {
    struct Item: Equatable {
        var entry: TarEntry
        var content: [UInt8] = []
        var isWhole = false
    }

    var items: [Item] = []
    var hasEnded = false

    var names: [String] { items.map(\.entry.name) }

    /// - Parameter portions: how many bytes come at once, again and again.
    init(_ bytes: [UInt8], portions: [Int] = [.max]) throws {
        var reader = TarReader()
        var rest = bytes[...]
        var number = 0
        while !rest.isEmpty {
            let portion = Array(rest.prefix(max(1, portions[number % portions.count])))
            number += 1
            rest = rest.dropFirst(portion.count)
            try portion.withUnsafeBytes { buffer in
                var buffer = buffer[...]
                while true {
                    let (event, taken) = try reader.next(in: UnsafeRawBufferPointer(rebasing: buffer))
                    take(event, buffer.prefix(taken))
                    buffer = buffer.dropFirst(taken)
                    if event == .more, taken == 0 { break }
                }
                precondition(buffer.isEmpty, "the reader left bytes")
            }
        }
        try reader.finish()
    }

    private mutating func take(_ event: TarReader.Event, _ bytes: Slice<UnsafeRawBufferPointer>) {
        switch event {
        case .more: break
        case .entry(let entry): items.append(Item(entry: entry))
        case .content: items[items.count - 1].content += bytes
        case .entryEnd: items[items.count - 1].isWhole = true
        case .end: hasEnded = true
        }
    }
}

/// The error that reading throws, if it throws one of ours.
func failure<Value>(_ body: () throws -> Value) -> ArchiveError? {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? ArchiveError
    }
}

func failure<Value>(_ body: () async throws -> Value) async -> ArchiveError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? ArchiveError
    }
}
