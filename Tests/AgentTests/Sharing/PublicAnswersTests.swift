import OCI
import Testing

@testable import Agent

@Suite("What upstream said about who may have an image")
struct PublicAnswersTests {
    private func image(_ origin: String, _ byte: UInt8 = 1) throws -> PublicAnswers.Image {
        .init(origin: try Origin(origin), digest: try TestNode().digest(byte))
    }

    @Test("counts for the manifest in that repository, and for no other")
    func belongs() throws {
        var answers = PublicAnswers()
        answers.record(true, of: try image("docker.io/library/a"), at: 0)
        #expect(answers.isPublic(try image("docker.io/library/a")) == true)
        #expect(answers.isPublic(try image("ghcr.io/library/a")) == nil)
        #expect(answers.isPublic(try image("docker.io/library/a", 2)) == nil)
    }

    @Test(
        "is asked for again after a day, and where the clock has gone back",
        arguments: [(0, false), (86_400, false), (86_401, true), (-1, true)])
    func due(age: Int64, isDue: Bool) throws {
        var answers = PublicAnswers()
        let image = try image("docker.io/library/a")
        answers.record(false, of: image, at: 1_000_000)
        #expect(answers.isDue(image, now: 1_000_000 + age) == isDue)
    }

    @Test("stands until there is a new one")
    func stands() throws {
        var answers = PublicAnswers()
        let image = try image("docker.io/library/a")
        answers.record(true, of: image, at: 0)
        #expect(answers.isDue(image, now: 1 << 40))
        #expect(answers.isPublic(image) == true)
        answers.record(false, of: image, at: 1 << 40)
        #expect(answers.isPublic(image) == false)
    }

    @Test("is bounded: those asked for longest ago go first")
    func bounded() throws {
        var answers = PublicAnswers(limit: 20)
        for number in 0...100 { answers.record(true, of: try image("docker.io/library/a\(number)"), at: Int64(number)) }
        #expect(answers.answers.count <= 20)
        #expect(answers.isPublic(try image("docker.io/library/a100")) == true)
        #expect(answers.isPublic(try image("docker.io/library/a0")) == nil)
    }

    @Test("comes back from its document as it was")
    func roundTrip() throws {
        var answers = PublicAnswers()
        answers.record(true, of: try image("docker.io/library/a"), at: 7)
        answers.record(false, of: try image("registry.lan:5000/b"), at: 8)
        #expect(try PublicAnswers(document: answers.document()) == answers)
    }
}
