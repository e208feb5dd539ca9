import Testing

@testable import Transfer

struct RetryPolicyTests {
    private let policy = RetryPolicy()

    @Test(
        "Only statuses that pass are worth another try",
        arguments: [
            (200, false), (400, false), (401, false), (404, false), (416, false), (429, true), (500, true), (502, true),
            (503, true), (599, true), (600, false),
        ])
    func statuses(status: Int, isTransient: Bool) {
        #expect(RetryPolicy.isTransient(status: status) == isTransient)
    }

    @Test("The wait doubles, with jitter around it")
    func backoff() {
        func wait(_ attempt: Int, _ jitter: Double) -> Duration? {
            policy.wait(attempt: attempt, retryAfter: nil, remaining: .seconds(30), jitter: jitter)
        }
        #expect(wait(1, 0.5) == .milliseconds(400))
        #expect(wait(2, 0.5) == .milliseconds(800))
        #expect(wait(1, 0) == .milliseconds(200))
        #expect(wait(1, 0.99)! < .milliseconds(600))
    }

    @Test("After three tries it is enough")
    func attempts() {
        #expect(policy.wait(attempt: 3, retryAfter: nil, remaining: .seconds(30), jitter: 0) == nil)
    }

    @Test("What upstream asks for is waited for, as far as that is sensible and there is time")
    func retryAfter() {
        func wait(_ seconds: Int, remaining: Int) -> Duration? {
            policy.wait(attempt: 1, retryAfter: .seconds(seconds), remaining: .seconds(remaining), jitter: 0)
        }
        #expect(wait(2, remaining: 30) == .seconds(2))
        #expect(wait(6, remaining: 30) == nil)
        #expect(wait(2, remaining: 2) == nil)
    }
}

struct RetryAfterTests {
    @Test(
        "Retry-After is read in seconds, and bounded",
        arguments: [
            ("0", 0), ("7", 7), ("3600", 3600), ("86400", 3600), ("99999999999999999999", 3600), ("-1", nil), ("", nil),
            ("1.5", nil), ("soon", nil), ("+5", nil),
        ] as [(String, Int?)])
    func seconds(header: String, expected: Int?) {
        #expect(RetryAfter.duration(header, date: nil) == expected.map { .seconds($0) })
    }

    @Test("A date is counted from the answer's own Date, not from this machine's clock")
    func date() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:50:07 GMT", date: date) == .seconds(30))
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:49:00 GMT", date: date) == .zero)
        #expect(RetryAfter.duration("Sun, 06 Nov 2094 08:49:37 GMT", date: date) == RetryAfter.longest)
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:50:07 GMT", date: nil) == nil)
    }

    @Test(
        "HTTP dates are read as RFC 9110 writes them",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600), ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
            ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Sun Nov  6 08:49:37 1994", nil),
            ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
            ("Sun, 6 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("", nil),
        ] as [(String, Int?)])
    func dates(text: String, expected: Int?) {
        #expect(RetryAfter.seconds(text) == expected)
    }
}
