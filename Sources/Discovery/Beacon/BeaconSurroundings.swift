import Logging

/// What the beacon works with and does not own; it outlives a socket.
struct BeaconSurroundings: Sendable {
    var configuration: DiscoveryConfiguration
    var identity: NodeIdentity
    var codec: BeaconCodec
    var inventory: Inventory
    var directory: Directory
    var questions: Questions
    var wants: Wants
    var tally: DiscoveryTally
    /// Rung when the directory wants something asked.
    var alarm: Alarm
    /// Numbers the datagrams of this epoch.
    var sequence: BeaconSequence
    var logger: Logger

    /// Whether holders of the key are heard wherever they are.
    var admitsMembers: Bool { codec.key != nil && configuration.admitsMembers() }

    /// The next datagram that says this; nil where it would be larger than `limit`.
    func datagram(
        _ payload: Beacon.Payload, paddedTo length: Int = 0, limit: Int = BeaconLimits.datagram
    ) -> [UInt8]? {
        let beacon = Beacon(node: identity.id, epoch: identity.epoch, sequence: sequence.next(), payload: payload)
        return codec.encode(beacon, paddedTo: length, limit: limit)
    }

    /// One that says all of it where that fits, else the less that there is to say.
    func datagram(_ saying: BeaconSaying) -> [UInt8]? {
        datagram(saying.payload, paddedTo: saying.length) ?? saying.fallback.flatMap { datagram($0) }
    }
}

/// Something to be said to everybody: a datagram for each network, each with a number of its own, for a node on two of them is heard
/// at two addresses.
struct BeaconSaying: Sendable {
    var payload: Beacon.Payload
    /// Said where the payload does not fit into a datagram.
    var fallback: Beacon.Payload?
    /// Bytes at least.
    var length = 0
}
