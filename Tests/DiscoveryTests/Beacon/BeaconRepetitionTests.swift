import OCI
import Testing

@testable import Discovery

@Suite struct BeaconRepetitionTests {
    private func changes(_ saying: BeaconSaying?) throws -> InventoryState.Changes? {
        guard case .hello(let hello) = try #require(saying).payload else { return nil }
        return hello.changes
    }

    @Test("a Hello says what the one before it said, too, so that a lost one costs no request")
    func lostHello() throws {
        var stage = BeaconStage()
        _ = stage.dialogue.hello(at: Samples.at(0), random: 0.5)
        stage.inventory.set(blobs: Samples.entries(0..<1), references: [])
        let first = try changes(stage.dialogue.hello(at: Samples.at(10), random: 0.5))
        #expect(first?.since == 0 && first?.added == Samples.entries(0..<1))
        let again = try changes(stage.dialogue.hello(at: Samples.at(10.3), random: 0.5))
        #expect(again == first)
        let quiet = try changes(stage.dialogue.hello(at: Samples.at(15), random: 0.5))
        #expect(quiet == nil)
    }

    @Test("where both do not fit, a Hello says what is new")
    func tooMuch() throws {
        var stage = BeaconStage()
        stage.inventory.set(blobs: Samples.entries(0..<15), references: [])
        _ = stage.dialogue.hello(at: Samples.at(10), random: 0.5)
        stage.inventory.set(blobs: Samples.entries(0..<30), references: [])
        let second = try changes(stage.dialogue.hello(at: Samples.at(10.3), random: 0.5))
        #expect(second?.since == 1 && second?.added.count == 15)
    }
}
