/// What `GET /v1/node` answers: who is at this address.
public struct NodeDocument: Codable, Sendable, Equatable {
    /// 1. Fields are only ever added.
    public var schema: Int
    public var id: NodeID
    /// Host name, for people.
    public var name: String
    public var epoch: UInt64
    /// Of the inventory, in that epoch.
    public var version: UInt64
    /// The cluster id in hexadecimal; absent without a key.
    public var cluster: String?
    /// The TCP port of the peer endpoint.
    public var port: Int

    public init(identity: NodeIdentity, version: UInt64, key: ClusterKey?, port: Int) {
        schema = 1
        id = identity.id
        name = identity.name
        epoch = identity.epoch
        self.version = version
        cluster = key.map { Hex.string($0.clusterID) }
        self.port = port
    }
}
