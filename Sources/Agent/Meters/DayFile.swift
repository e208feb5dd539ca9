import Discovery
import FoundationEssentials
import SystemPackage

/// How the day's counters stand in `data_dir/today.json`.
struct DayFile: Sendable {
    /// A larger file is none of this program's.
    private static let maximumSize = 4096
    /// More bytes than that nobody moves in a day.
    private static let maximumCount: Int64 = 1 << 60

    private struct Document: Codable {
        var schema = 1
        var day: String
        var bytes: ByteCounts
    }

    let path: FilePath

    /// - Returns: nil where there is no file.
    /// - Throws: ``DayFileError``, or what the system says, of one that cannot be used.
    func read() throws -> DayCounters? {
        do {
            guard let bytes = try SmallFile.read(path, limit: Self.maximumSize) else {
                throw DayFileError(description: "it is larger than \(Self.maximumSize) bytes")
            }
            return try Self.counters(bytes)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
    }

    /// Replaces the file: after a crash there is the old one or the new one.
    func write(_ counters: DayCounters) throws {
        try SmallFile.replace(path, with: Self.document(counters))
    }

    static func counters(_ document: [UInt8]) throws -> DayCounters {
        let document = try JSONDecoder().decode(Document.self, from: Data(document))
        let bytes = document.bytes
        let counts = [bytes.store, bytes.peers, bytes.upstream, bytes.servedToPeers]
        guard LocalDay.isDay(document.day), counts.allSatisfy({ (0...maximumCount).contains($0) }) else {
            throw DayFileError(description: "its day or one of its counts cannot be")
        }
        return DayCounters(day: document.day, bytes: bytes)
    }

    static func document(_ counters: DayCounters) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try Array(encoder.encode(Document(day: counters.day, bytes: counters.bytes)))
    }
}

/// What is wrong with the file of the day's counters.
struct DayFileError: Error, CustomStringConvertible {
    var description: String
}
