import Logging
import NIOCore
import NIOPosix
import OCI
import ServiceLifecycle
import Synchronization

@testable import Discovery

/// A LAN on loopback: each datagram that a node broadcasts goes to the port of every node, and HTTP is a function call.
final class LoopbackLAN: Sendable {
    struct Member: Sendable {
        var port: Int?
        var httpPort: Int
        var identity: NodeIdentity
        var inventory: Inventory
        var key: ClusterKey?
    }

    private let members = Mutex<[Int: Member]>([:])
    private let nextPort = Mutex(20_000)
    let inquiries = Counter()

    /// Puts a node on the LAN; what it offers is the caller's to say.
    func join(
        _ number: UInt64, epoch: UInt64 = 1, key: ClusterKey? = nil, believesTags: Bool = false,
        datagrams: DatagramLimits = DatagramLimits()
    ) -> Node {
        let httpPort = nextPort.withLock { port in
            port += 1
            return port
        }
        let identity = Samples.identity(number, epoch: epoch)
        let member = Member(
            port: nil, httpPort: httpPort, identity: identity, inventory: Inventory(epoch: epoch), key: key)
        members.withLock { $0[httpPort] = member }

        var configuration = DiscoveryConfiguration(port: 0, httpPort: httpPort, allows: { $0 == "127.0.0.1" })
        configuration.targets = { [self] in
            members.withLock { $0.values.compactMap(\.port) }.map {
                BeaconTarget(ip: Samples.ip("127.0.0.1"), port: $0)
            }
        }
        configuration.datagrams = datagrams
        configuration.onBound = { [self] port in members.withLock { $0[httpPort]?.port = port } }
        let directory = Directory(own: identity.id, hasKey: key != nil, believesTags: believesTags)
        let service = DiscoveryService(
            configuration: configuration, identity: identity, inventory: member.inventory, directory: directory,
            key: key, inquiry: Inquiry(lan: self, key: key), group: .singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return Node(
            identity: identity, inventory: member.inventory, directory: directory, service: service,
            bound: { [self] in members.withLock { $0[httpPort]?.port } })
    }

    /// The node's HTTP endpoint is gone.
    func unplug(_ node: Node) {
        members.withLock { members in members = members.filter { $0.value.identity.id != node.identity.id } }
    }

    struct Node: Sendable {
        var identity: NodeIdentity
        var inventory: Inventory
        var directory: Directory
        var service: DiscoveryService
        var bound: @Sendable () -> Int?

        /// Where its beacon listens, once it does.
        var targets: [BeaconTarget] { bound().map { [BeaconTarget(ip: Samples.ip("127.0.0.1"), port: $0)] } ?? [] }

        func sees(_ others: Node...) -> Bool {
            let alive = Set(directory.peers().filter { $0.state == .alive }.map(\.id))
            return alive == Set(others.map(\.identity.id))
        }

        func finds(_ digest: Digest, at node: Node) -> Bool {
            directory.holders(of: digest).contains { $0.peer.id == node.identity.id }
        }
    }

    private struct Refused: Error {}

    private struct Inquiry: PeerInquiry {
        let lan: LoopbackLAN
        let key: ClusterKey?

        private func member(at address: PeerAddress) throws -> Member {
            lan.inquiries.add()
            guard let member = lan.members.withLock({ $0[address.port] }), member.key?.clusterID == key?.clusterID
            else {
                throw Refused()
            }
            return member
        }

        func node(at address: PeerAddress) async throws -> NodeDocument {
            let member = try member(at: address)
            return NodeDocument(
                identity: member.identity, version: member.inventory.version, key: member.key, port: member.httpPort)
        }

        func inventory(
            at address: PeerAddress, of peer: NodeID, epoch: UInt64?, since: UInt64?, next: String?
        ) async throws -> InventoryPage {
            try member(at: address).inventory.page(epoch: epoch, since: since, next: next)
        }
    }
}

/// Runs the services of nodes while the body runs, and ends them as a signal would.
func running(_ nodes: LoopbackLAN.Node..., body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for node in nodes { group.addTask { try await node.service.run() } }
        try await body()
        group.cancelAll()
        try await group.waitForAll()
    }
}
