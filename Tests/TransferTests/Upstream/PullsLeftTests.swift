import Testing

@testable import Transfer

@Suite("How many pulls a registry has left")
struct PullsLeftTests {
    @Test("Docker Hub's headers are read, their window left out")
    func hub() throws {
        let left = try #require(PullsLeft(remaining: "76;w=21600", limit: "100;w=21600"))
        #expect(left.remaining == 76 && left.limit == 100)
        #expect(try #require(PullsLeft(remaining: "0", limit: nil)).remaining == 0)
    }

    @Test("Without a number nothing is known", arguments: [nil, "", "many", "-1", ";w=1", "99999999999999999999"])
    func nonsense(remaining: String?) {
        #expect(PullsLeft(remaining: remaining, limit: "100") == nil)
    }
}
