import OCI
import Testing

@Suite("Prefer: wait")
struct WaitPreferenceTests {
    @Test(
        "The seconds of a wait are read wherever RFC 7240 lets them stand",
        arguments: [
            (["wait=5"], 5), (["Wait=5"], 5), (["wait = 5"], 5), (["wait=\"5\""], 5), (["wait=05"], 5),
            (["respond-async, wait=3"], 3), (["respond-async; a=\"b,wait=9\", wait=3"], 3),
            (["respond-async", "wait=4"], 4),
            (["wait=3; foo=bar"], 3), (["wait=2, wait=9"], 2), (["wait=2", "wait=9"], 2), ([",, wait=2"], 2),
            (["wait=16"], 15), (["wait=99999999999999999999999"], 15),
        ])
    func read(headers: [String], seconds: Int) {
        #expect(WaitPreference(headers: headers)?.seconds == seconds)
    }

    @Test(
        "What is no wait is none",
        arguments: [
            [], [""], ["wait"], ["wait="], ["wait=0"], ["wait=-1"], ["wait=+1"], ["wait=1.5"], ["wait=x"], ["await=5"],
            ["waiting=5"], ["wait=\"5"], ["a=\"wait=5\""], ["return=minimal"], ["wait=x, wait=5"], ["="], ["wait;=5"],
        ])
    func absent(headers: [String]) {
        #expect(WaitPreference(headers: headers) == nil)
    }

    @Test(
        "A duration is asked for in whole seconds, none too few",
        arguments: [
            (Duration.milliseconds(1), "wait=1"), (.seconds(1), "wait=1"), (.milliseconds(1500), "wait=2"),
            (.seconds(15), "wait=15"), (.seconds(3600), "wait=15"),
        ])
    func written(duration: Duration, header: String) {
        #expect(WaitPreference(duration)?.header == header)
        #expect(WaitPreference(headers: [header]) == WaitPreference(duration))
    }

    @Test("No time is no wait", arguments: [Duration.zero, .seconds(-1)])
    func none(duration: Duration) {
        #expect(WaitPreference(duration) == nil)
    }
}
