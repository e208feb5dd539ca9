import FoundationEssentials
import Glibc
import Testing

/// What an agent takes up.
extension Node {
    /// The most memory that the agent ever had in use, in bytes.
    func peakMemory() throws -> Int { try memory("VmHWM:") }

    /// The memory that the agent has in use, in bytes.
    func residentMemory() throws -> Int { try memory("VmRSS:") }

    private func memory(_ field: String) throws -> Int {
        let pid = try agent.pid
        let text = try String(decoding: Data(contentsOf: URL(filePath: "/proc/\(pid)/status")), as: UTF8.self)
        // One that was killed this moment has a status, and no memory.
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix(field) }) else {
            throw HarnessError("the agent on \(name) has no \(field)")
        }
        return try #require(Int(line.split(whereSeparator: { !$0.isNumber }).joined())) << 10
    }

    /// Bytes in the agent's data directory.
    func dataBytes() async throws -> Int {
        let text = try await Command(["du", "--summarize", "--bytes", dataDirectory]).run()
        return try #require(text.split(separator: "\t").first.flatMap { Int($0) })
    }

    /// Whether a blob lies in Shoal's own store.
    func keeps(_ digest: String) -> Bool {
        let path = digest.split(separator: ":").joined(separator: "/")
        return FileManager.default.fileExists(atPath: "\(dataDirectory)/store/blobs/\(path)")
    }

    /// Seconds of processor time that the agent has used.
    func processorTime() throws -> Double {
        let pid = try agent.pid
        let text = try String(decoding: Data(contentsOf: URL(filePath: "/proc/\(pid)/stat")), as: UTF8.self)
        // proc(5): the name, in brackets, may hold spaces; of what follows the 12th and 13th are ticks in user and kernel mode.
        let fields = try #require(text.split(separator: ")").last).split(separator: " ")
        let ticks = try #require(Int(fields[11])) + #require(Int(fields[12]))
        return Double(ticks) / Double(sysconf(CInt(_SC_CLK_TCK)))
    }
}
