import Integrity
import Testing

@Suite("Random bytes")
struct SecureRandomTests {
    @Test("As many come as were asked for", arguments: [0, 1, 16, 32, 4096])
    func count(_ count: Int) {
        #expect(SecureRandom.bytes(count).count == count)
    }

    @Test("They differ every time")
    func difference() {
        #expect(Set((0..<100).map { _ in SecureRandom.bytes(16) }).count == 100)
    }
}
