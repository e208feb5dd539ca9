/// What came of a scenario.
struct SimulationReport {
    var scenario: Scenario
    /// When each node was done, since the beginning, and since its own start.
    var finished: [Double] = []
    var durations: [Double] = []
    /// The share of all pieces that were at the nodes, at equal steps of time.
    var curve: [(time: Double, share: Double)] = []
    var expected = 0
    var upstreamBytes = 0.0
    var busiestUpload = 0.0
    var questions = 0
    var refusals = 0
    var absences = 0
    var hedges = 0
    /// Bytes from peers that had come already.
    var duplicates = 0.0
    /// Calls of the scheduler's `fetches`, and their time.
    var decisions = 0
    var deciding: Duration = .zero

    static let header =
        "scenario                     copies  last/bound  median  busiest upload  twice  busy   404  hedges  µs/call"

    /// Whether every node that lived is done, in the time and with the copies that are aimed at.
    var isGood: Bool {
        finished.count >= expected && (finished.last ?? 0) <= scenario.lastAim * scenario.bound
            && upstreamBytes <= scenario.copiesAim * scenario.copy
    }

    var line: String {
        let last = Self.figure((finished.last ?? 0) / scenario.bound)
        let median = Self.figure((finished.isEmpty ? 0 : finished[finished.count / 2]) / scenario.bound)
        let microseconds = decisions == 0 ? 0 : deciding / .microseconds(decisions)
        return scenario.name + String(repeating: " ", count: max(0, 26 - scenario.name.count))
            + Self.column(Self.figure(upstreamBytes / scenario.copy), 9)
            + Self.column(last, 12) + Self.column(median, 8)
            + Self.column(Self.figure(busiestUpload / scenario.copy), 16)
            + Self.column(Self.figure(duplicates / scenario.copy), 7)
            + Self.column("\(refusals)", 7) + Self.column("\(absences)", 6) + Self.column("\(hedges)", 8)
            + Self.column(Self.figure(microseconds), 9)
            + (finished.count < expected
                ? "  only \(finished.count) of \(expected) are done" : isGood ? "" : "  missed")
    }

    static func figure(_ value: Double) -> String {
        let hundredths = Int(value * 100 + 0.5)
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    private static func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
