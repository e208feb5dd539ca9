import Synchronization
import Testing

/// What came of all trials, by kind.
final class FaultTable: Sendable {
    private struct Row {
        let order: Int
        var helpsItself = false
        var tried = 0
        var struck = 0
        var completed = 0
        var here = 0
        var wrong = 0
        var lost = 0
        var healthy: [Double] = []
    }

    private let rows = Mutex<[String: Row]>([:])
    private let plan: FaultPlan

    init(_ plan: FaultPlan) { self.plan = plan }

    var kinds: Int { rows.withLock { $0.count } }
    var trials: Int { rows.withLock { $0.values.reduce(0) { $0 + $1.tried } } }

    /// Enters a trial, and records what is wrong about it.
    func enter<World>(_ trial: Trial, of kind: FaultKind<World>, number: Int) {
        let mustNot = trial.damaged.map { "damaged on the disk: \($0)" } + trial.lost.map { "lost: \($0)" }
        var faults = trial.complaints
        if !trial.outcome.isComplete, kind.expectation == .completes { faults.append("the pull did not complete") }
        if trial.healthy == nil { faults.append("the next pull did not succeed either") }
        let isWrong = trial.outcome.wrong > 0 || !mustNot.isEmpty
        rows.withLock { rows in
            var row = rows[kind.name] ?? Row(order: rows.count)
            row.helpsItself = kind.helpsItself
            row.tried += 1
            row.struck += trial.struck ? 1 : 0
            row.completed += trial.outcome.isComplete ? 1 : 0
            row.here += trial.outcome.isComplete && trial.outcome.fallbacks == 0 ? 1 : 0
            row.wrong += trial.outcome.wrong + trial.damaged.count
            row.lost += trial.lost.count
            if let healthy = trial.healthy { row.healthy.append(healthy / .seconds(1)) }
            rows[kind.name] = row
        }
        if isWrong { faults.append("\(trial.outcome.wrong) wrong bytes; \(mustNot.prefix(3).joined(separator: "; "))") }
        guard !faults.isEmpty else { return }
        let problems = trial.outcome.problems.suffix(6).joined(separator: "; ")
        Issue.record(
            """
            fault '\(kind.name)', trial \(number): \(faults.joined(separator: "; ")). What the client saw: \
            \(problems.isEmpty ? "nothing amiss" : problems). Again: \(plan.command(for: kind.name, trial: number))
            """)
    }

    /// A trial that could not be made.
    func enter<World>(_ error: any Error, of kind: FaultKind<World>, number: Int) {
        Issue.record(
            "fault '\(kind.name)', trial \(number): \(error). Again: \(plan.command(for: kind.name, trial: number))")
    }

    /// What only many trials say.
    func judgeKinds() {
        for (name, row) in rows.withLock({ $0 }) where row.tried >= 3 {
            if row.struck == 0 { Issue.record("fault '\(name)' never came about in \(row.tried) trials") }
            guard row.helpsItself, row.here == 0 else { continue }
            Issue.record(
                "fault '\(name)': another source was well, and in \(row.tried) trials Shoal gave the client nothing of it"
            )
        }
    }

    func printAll() {
        let rows = rows.withLock { $0.sorted { $0.value.order < $1.value.order } }
        func line(_ name: String, _ columns: [String]) -> String {
            let padding = String(repeating: " ", count: max(1, 52 - name.count))
            let cells = columns.map { String(repeating: " ", count: max(0, 9 - $0.count)) + $0 }
            return "  \(name)\(padding)\(cells.joined(separator: " "))"
        }
        print("  seed \(plan.seed)")
        print(
            line(
                "fault",
                ["tried", "struck", "completed", "by Shoal", "wrong", "lost", "healthy", "longest"]))
        var total = Row(order: 0)
        for (name, row) in rows {
            print(line(name, Self.cells(row)))
            total.tried += row.tried
            total.struck += row.struck
            total.completed += row.completed
            total.here += row.here
            total.wrong += row.wrong
            total.lost += row.lost
            total.healthy += row.healthy
        }
        print(line("total of \(rows.count) kinds", Self.cells(total)))
    }

    private static func cells(_ row: Row) -> [String] {
        func seconds(_ value: Double?) -> String {
            guard let value else { return "never" }
            return "\(Int(value)).\(Int(value * 10) % 10) s"
        }
        let sorted = row.healthy.sorted()
        return [row.tried, row.struck, row.completed, row.here, row.wrong, row.lost].map { "\($0)" }
            + [seconds(sorted.isEmpty ? nil : sorted[sorted.count / 2]), seconds(sorted.last)]
    }
}
