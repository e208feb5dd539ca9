import Testing

@testable import Transfer

@Suite("What follows from what is known of a private image")
struct PrivateStandingTests {
    @Test(
        "what is public, confirmed, or named by an index that is, is had without a question",
        arguments: [
            PrivateStanding(publicity: .yes), PrivateStanding(isConfirmed: true), PrivateStanding(isNamed: true),
            PrivateStanding(publicity: .no, isConfirmed: true),
        ])
    func admitted(standing: PrivateStanding) {
        #expect(standing.step == .admit)
    }

    @Test(
        "of what is known to be the repository's upstream is asked whether the client may have it",
        arguments: [
            PrivateStanding(isOfRepository: true), PrivateStanding(publicity: .no),
            PrivateStanding(publicity: .wasOnce), PrivateStanding(publicity: .no, isOfRepository: true),
        ])
    func asked(standing: PrivateStanding) {
        #expect(standing.step == .ask)
    }

    @Test("what is not known to be the repository's comes from upstream itself")
    func fetched() {
        #expect(PrivateStanding().step == .fetch)
    }

    @Test(
        "upstream's yes admits, its no does not, and its silence only what was public when it last spoke",
        arguments: [Publicity.unknown, .no, .wasOnce])
    func words(publicity: Publicity) {
        let standing = PrivateStanding(publicity: publicity, isOfRepository: true)
        #expect(standing.isAdmitted(on: .anybody))
        #expect(standing.isAdmitted(on: .client))
        #expect(!standing.isAdmitted(on: .no))
        #expect(standing.isAdmitted(on: .silence) == (publicity == .wasOnce))
    }
}
