import FoundationEssentials
import Testing

/// What the agents took up over time.
struct SoakFigures: Sendable {
    struct Sample: Sendable {
        let minute: Double
        /// MiB by node; nil where its agent was down.
        var memory: [Int?] = []
        var files: [Int?] = []
    }

    private(set) var samples: [Sample] = []

    mutating func take(of nodes: [Node], at minute: Double) {
        var sample = Sample(minute: minute)
        for node in nodes {
            sample.memory.append((try? node.residentMemory()).map { $0 >> 20 })
            let pid = (try? node.agent.pid) ?? 0
            sample.files.append((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd"))?.count)
        }
        samples.append(sample)
    }

    func printAll(_ nodes: [Node]) {
        func row(_ cells: [String]) {
            print("  " + cells.map { String(repeating: " ", count: max(0, 12 - $0.count)) + $0 }.joined())
        }
        row(["minute"] + nodes.map(\.name))
        for sample in samples {
            row(
                ["\(Double(Int(sample.minute * 10)) / 10)"]
                    + zip(sample.memory, sample.files).map { memory, files in
                        "\(memory.map { "\($0) MiB" } ?? "-")/\(files.map { "\($0)" } ?? "-")"
                    })
        }
    }

    /// Whether the last third is like the middle one, at a node that was never stopped. The first third is for getting warm.
    func expectFlat(_ place: Int, _ name: String) {
        let third = samples.count / 3
        let (middle, last) = (samples[third..<2 * third], samples[(2 * third)...])
        func median(_ values: [Int]) -> Int { values.isEmpty ? 0 : values.sorted()[values.count / 2] }
        let memory = (median(middle.compactMap { $0.memory[place] }), median(last.compactMap { $0.memory[place] }))
        let files = (median(middle.compactMap { $0.files[place] }), median(last.compactMap { $0.files[place] }))
        print("  measured: \(name): \(memory.0) then \(memory.1) MiB, \(files.0) then \(files.1) descriptors")
        #expect(memory.1 > 0 && files.1 > 0)
        #expect(memory.1 <= memory.0 * 5 / 4 + 8, "the memory of \(name) grows")
        #expect(files.1 <= files.0 * 5 / 4 + 24, "the descriptors of \(name) grow in number")
    }
}
