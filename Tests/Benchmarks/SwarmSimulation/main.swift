import FoundationEssentials

/// How fast a roll-out is, and how often the blob leaves upstream, by the product's own scheduling: `Options.usage`.
#if canImport(Glibc)
    import Glibc
#endif

do {
    let options = try Options(CommandLine.arguments.dropFirst())
    var reports: [SimulationReport] = []
    print(SimulationReport.header)
    for var scenario in Scenario.all where options.includes(scenario) {
        scenario.seed = options.seed
        var swarm = try VirtualSwarm(scenario)
        let report = swarm.run()
        print(report.line)
        fflush(nil)
        reports.append(report)
    }
    if let plot = options.plot { try CurvePlot(reports).svg.write(toFile: plot, atomically: true, encoding: .utf8) }
    exit(reports.allSatisfy(\.isGood) ? 0 : 1)
} catch let misuse as Options.Misuse {
    print("\(misuse.message)\n\n\(Options.usage)")
    exit(2)
}
