/// `swarm-simulation [quick]`: how fast a roll-out is, and how often the blob leaves upstream, by the product's own scheduling.
let gigabit = 125e6
var scenarios = [
    VirtualSwarm.Scenario(name: "8 nodes, 512 MiB", nodes: 8, pieces: 128, lan: gigabit, uplink: 0.2 * gigabit),
    .init(name: "the same, over 5 s", nodes: 8, pieces: 128, lan: gigabit, uplink: 0.2 * gigabit, spread: 5),
    .init(name: "the same, 2 die", nodes: 8, pieces: 128, lan: gigabit, uplink: 0.2 * gigabit, deaths: 0.25),
    .init(name: "1 holder, 7 pull", nodes: 8, pieces: 128, lan: 0.2 * gigabit, uplink: 1, holders: 1),
    .init(name: "100 nodes, 1 GiB", nodes: 100, pieces: 256, lan: gigabit, uplink: gigabit),
    .init(name: "the same, 10% die", nodes: 100, pieces: 256, lan: gigabit, uplink: gigabit, deaths: 0.1),
]
if CommandLine.arguments.dropFirst().first != "quick" {
    scenarios += [
        .init(name: "1,000 nodes, 1 GiB", nodes: 1000, pieces: 256, lan: 10 * gigabit, uplink: gigabit),
        .init(name: "the same, 5% die", nodes: 1000, pieces: 256, lan: 10 * gigabit, uplink: gigabit, deaths: 0.05),
    ]
}
print("scenario                 copies   last/bound  median/bound  busiest upload  refusals  questions")
for scenario in scenarios where CommandLine.arguments.count < 3 || scenario.name.contains(CommandLine.arguments[2]) {
    var swarm = try VirtualSwarm(scenario)
    let report = swarm.run()
    let copy = Double(scenario.pieces) * VirtualSwarm.pieceBytes
    let finished = report.finished
    let expected = scenario.nodes - scenario.holders - Int(Double(scenario.nodes) * scenario.deaths)
    func figure(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
    func column(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
    print(
        scenario.name + String(repeating: " ", count: max(0, 22 - scenario.name.count))
            + column(figure(report.upstreamBytes / copy), 9)
            + column(figure((finished.last ?? 0) / scenario.bound), 13)
            + column(figure((finished.isEmpty ? 0 : finished[finished.count / 2]) / scenario.bound), 14)
            + column(figure(report.busiestUpload / copy), 16) + column("\(report.refusals)", 10)
            + column("\(report.questions)", 11)
            + (finished.count < expected ? "  only \(finished.count) of \(expected) finished" : ""))
}
