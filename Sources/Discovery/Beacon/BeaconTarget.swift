/// Where a datagram goes.
struct BeaconTarget: Hashable, Sendable {
    var ip: IPAddress
    var port: Int
}
