import Logging
import Synchronization

@testable import Discovery

/// A beacon's dialogue without a socket, and what it works with.
struct BeaconStage: Sendable {
    static let here = BeaconTarget(ip: Samples.ip("10.0.0.255"), port: 5051)

    let directory: Directory
    let inventory = Inventory(epoch: 1)
    let questions: Questions
    let wants: Wants
    let surroundings: BeaconSurroundings
    var dialogue: BeaconDialogue

    /// - Parameters:
    ///   - networks: where messages to everybody go.
    ///   - allows: `peers.allow`, for one address at a time.
    init(
        own: UInt64 = 0, key: ClusterKey? = nil, networks: Int = 1, admitsMembers: Bool = false,
        allows: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        let identity = Samples.identity(own)
        directory = Directory(own: identity.id, hasKey: key != nil, believesTags: false)
        questions = Questions(directory: directory)
        wants = Wants(directory: directory)
        var configuration = DiscoveryConfiguration(allows: allows)
        configuration.targets = { Array(repeating: Self.here, count: networks) }
        configuration.admitsMembers = { admitsMembers }
        surroundings = BeaconSurroundings(
            configuration: configuration, identity: identity, codec: BeaconCodec(key: key), inventory: inventory,
            directory: directory, questions: questions, wants: wants, tally: DiscoveryTally(), alarm: directory.alarm,
            sequence: BeaconSequence(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        dialogue = BeaconDialogue(surroundings, start: Samples.start)
        dialogue.networkChanged(to: Neighbourhood([]), at: Samples.start)
    }

    @discardableResult
    mutating func hear(
        _ beacon: Beacon, from ip: String = "10.0.0.2", at seconds: Double, random: Double = 0.5
    ) throws -> BeaconDialogue.Reaction {
        let bytes = BeaconCodec(key: surroundings.codec.key).encode(beacon, paddedTo: 600) ?? []
        return try dialogue.hear(
            bytes, from: BeaconTarget(ip: Samples.ip(ip), port: 5051), now: Samples.at(seconds), random: random)
    }

    /// Puts living peers into the directory.
    mutating func populate(_ numbers: ClosedRange<UInt64>, at seconds: Double) throws {
        for number in numbers {
            let ip = IPAddress(family: .v4, bits: 0x0a01_0000 + UInt128(number))
            _ = try directory.hear(Samples.hello(number), from: ip, now: Samples.at(seconds))
        }
    }
}
