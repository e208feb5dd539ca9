import Testing

@testable import Agent

@Suite struct DoctorTextTests {
    private let report = DoctorReport([
        Finding("mirror", .ok, "the mirror answers at 127.0.0.1:5050, [::1]:5050"),
        Finding(
            "peers", .warning,
            "no other node is known, and this sentence is so long that it needs a second line to be read on",
            mend: "peers.static = [\"HOST:5051\"] on one node, which is a line for copying and is not broken anywhere"),
        Finding("agent", .fault, "no agent\u{1b}[31m", mend: "systemctl start shoal"),
    ])

    @Test("one finding after another, mends below them, and the sum at the end")
    func plain() {
        #expect(
            DoctorText(report).render(.plain) == """
                ok       mirror: the mirror answers at 127.0.0.1:5050, [::1]:5050
                warning  peers: no other node is known, and this sentence is so long that it
                         needs a second line to be read on
                         → peers.static = ["HOST:5051"] on one node, which is a line for copying and is not broken anywhere
                fault    agent: no agent\\u{1b}[31m
                         → systemctl start shoal

                1 fault, 1 warning

                """)
    }

    @Test("on a terminal the verdicts have their colours")
    func colors() {
        let text = DoctorText(report).render(TextStyle(hasColor: true))
        #expect(text.contains("\u{1b}[31mfault\u{1b}[0m"))
        #expect(text.hasSuffix("\u{1b}[31m1 fault, 1 warning\u{1b}[0m\n"))
    }

    @Test("a report is healthy where nothing is worse than a warning")
    func healthy() {
        #expect(!report.healthy)
        #expect(DoctorReport(report.findings.filter { $0.verdict != .fault }).healthy)
    }
}
