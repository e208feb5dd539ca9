import Testing

extension EndToEnd {
    /// `SOAK_MINUTES=30`, or `deploy/test --soak 30`.
    @Suite(.serialized, .needs(.root, .sandbox, .agent, .program("docker-registry"), .program("curl")))
    struct SoakTests {
        @Test(
            "six nodes that pull, remove, are killed and restarted all the time keep every byte, and take up no more and more",
            .enabled(if: Soak.minutes > 0, "takes as long as it is told to: deploy/test --soak MINUTES"))
        func longRun() async throws {
            try await Soak.with { soak in
                let total = Soak.minutes
                // Once a minute; a short soak, made to try the test itself, has as many samples.
                let interval = min(1, total / 15)
                let figures = FiguresBox()
                try await soak.run {
                    var minute = interval
                    let start = ContinuousClock.now
                    while minute < total {
                        try await Task.sleep(until: start + .seconds(minute * 60))
                        await figures.take(soak.nodes, minute)
                        minute += interval
                    }
                }
                let figuresTaken = await figures.figures
                figuresTaken.printAll(soak.nodes)
                for place in 0..<Soak.steady { figuresTaken.expectFlat(place, soak.nodes[place].name) }
                try await soak.finish()
            }
        }
    }

    private actor FiguresBox {
        var figures = SoakFigures()

        func take(_ nodes: [Node], _ minute: Double) { figures.take(of: nodes, at: minute) }
    }
}
