/// A node as mDNS tells of it, put together from what came over several interfaces and both protocols.
struct MDNSNeighbour: Sendable, Equatable {
    var record: MDNSRecord
    /// Best first; never empty.
    var addresses: [PeerAddress]

    var sighting: Sighting {
        Sighting(
            source: .mdns, id: record.id, name: record.name, addresses: addresses, epoch: record.epoch,
            version: record.version, newest: record.newest)
    }
}

/// Which services there are and which nodes they make. A value: what the daemon tells comes in, what to resolve and what to tell the
/// directory comes out.
///
/// mDNS tells of a service once for each interface and protocol. A service's name is one node's, so what is told under one name is one
/// neighbour; it is gone when nothing told under the name holds any more. What is told is a stranger's word, and bounded: so many
/// services, so many instances, so many resolvers, of which avahi-daemon gives a client no more than a thousand.
struct MDNSView: Sendable {
    struct Limits: Sendable {
        var services = 2048
        var instances = 4096
        /// Resolvers at once.
        var followed = 900
        /// Where more are open than this, each service gets no more than one.
        var generous = 600
    }

    struct Rules: Sendable {
        /// This node.
        var own: NodeID
        /// Cluster ids that count; empty without a key, and then only records without one do.
        var clusters: [[UInt8]]
        /// `peers.allow`.
        var allows: @Sendable (String) -> Bool
        var limits = Limits()
    }

    enum Change: Sendable, Equatable {
        case follow(MDNSInstance)
        case unfollow(MDNSInstance)
        /// New, or not what it was.
        case seen(MDNSNeighbour)
        case gone(NodeID)
        case dropped(MDNSDrop)
    }

    private struct Entry {
        var isFollowed = false
        /// From before the daemon's restart, and not told again yet.
        var isOld = false
        /// What holds of it.
        var record: MDNSRecord?
        var address: (ip: IPAddress, port: UInt16)?
    }

    let rules: Rules
    private var services: [MDNSServiceName: [MDNSInstance: Entry]] = [:]
    private var seen: [MDNSServiceName: MDNSNeighbour] = [:]
    /// Wanted, and not followed for want of room; the next one first.
    private var waiting: [MDNSInstance] = []
    private var instances = 0
    private var followed = 0

    init(rules: Rules) {
        self.rules = rules
    }

    /// Everybody who is there.
    var neighbours: [MDNSNeighbour] { Array(seen.values) }

    // MARK: What the daemon tells

    mutating func found(_ instance: MDNSInstance) -> [Change] {
        if services[instance.service]?[instance] != nil {
            services[instance.service]?[instance]?.isOld = false
        } else {
            let isNew = services[instance.service] == nil
            guard instances < rules.limits.instances, !isNew || services.count < rules.limits.services else {
                return [.dropped(.tooMany)]
            }
            services[instance.service, default: [:]][instance] = Entry()
            instances += 1
        }
        return follow(instance)
    }

    mutating func removed(_ instance: MDNSInstance) -> [Change] {
        guard let entry = services[instance.service]?.removeValue(forKey: instance) else { return [] }
        instances -= 1
        if services[instance.service]?.isEmpty == true { services[instance.service] = nil }
        var changes: [Change] = []
        if entry.isFollowed {
            followed -= 1
            changes.append(.unfollow(instance))
        } else {
            waiting.removeAll { $0 == instance }
        }
        return changes + review(instance.service) + followNext()
    }

    mutating func resolved(_ instance: MDNSInstance, _ resolution: MDNSResolution) -> [Change] {
        guard var entry = services[instance.service]?[instance], entry.isFollowed else { return [] }
        var changes: [Change] = []
        do throws(MDNSDrop) {
            entry.record = try record(of: resolution)
            entry.address = (resolution.address, resolution.port)
        } catch {
            entry.record = nil
            changes.append(.dropped(error))
        }
        entry.isOld = false
        services[instance.service]?[instance] = entry
        return changes + review(instance.service)
    }

    /// The service does not answer: its host is gone, or it never was. Who waits for a resolver gets this one.
    mutating func unresolved(_ instance: MDNSInstance) -> [Change] {
        guard var entry = services[instance.service]?[instance], entry.isFollowed else { return [] }
        entry.record = nil
        var changes: [Change] = []
        if !waiting.isEmpty {
            entry.isFollowed = false
            followed -= 1
            waiting.append(instance)
            changes.append(.unfollow(instance))
        }
        services[instance.service]?[instance] = entry
        return changes + review(instance.service) + followNext()
    }

    /// The daemon is another one: nothing is followed any more, and what is known holds until it has told what there is.
    mutating func beginAnew() {
        for (service, entries) in services {
            services[service] = entries.mapValues { entry in
                var entry = entry
                entry.isFollowed = false
                entry.isOld = true
                return entry
            }
        }
        waiting = []
        followed = 0
    }

    /// The daemon has told what there is: what it did not tell of again is gone.
    mutating func settle() -> [Change] {
        let old = services.values.flatMap { $0.filter(\.value.isOld).keys }
        return old.flatMap { removed($0) }
    }

    // MARK: Following

    private mutating func follow(_ instance: MDNSInstance) -> [Change] {
        guard services[instance.service]?[instance]?.isFollowed == false else { return [] }
        guard hasRoom(for: instance) else {
            if !waiting.contains(instance) { waiting.append(instance) }
            return []
        }
        services[instance.service]?[instance]?.isFollowed = true
        followed += 1
        return [.follow(instance)]
    }

    /// A service that nobody follows yet has more room than the second protocol of one.
    private func hasRoom(for instance: MDNSInstance) -> Bool {
        let isFirst = services[instance.service]?.values.contains(where: \.isFollowed) == false
        return followed < (isFirst ? rules.limits.followed : rules.limits.generous)
    }

    /// A resolver has become free.
    private mutating func followNext() -> [Change] {
        guard let index = waiting.firstIndex(where: hasRoom) else { return [] }
        return follow(waiting.remove(at: index))
    }

    // MARK: What it comes to

    private func record(of resolution: MDNSResolution) throws(MDNSDrop) -> MDNSRecord {
        let record = try MDNSRecord(strings: resolution.strings)
        guard record.id != rules.own else { throw .own }
        guard rules.clusters.isEmpty ? record.cluster.isEmpty : rules.clusters.contains(record.cluster) else {
            throw .otherCluster
        }
        guard resolution.port > 0 else { throw .invalidField }
        let address = resolution.address
        let leadsNowhere = address.family == .v6 && address.isLinkLocal && address.zone == nil
        guard !address.isSenderless, !address.isLoopback, !leadsNowhere else { throw .invalidAddress }
        guard rules.allows(address.description) else { throw .notAllowed }
        return record
    }

    private mutating func review(_ service: MDNSServiceName) -> [Change] {
        let before = seen[service]
        let now = services[service].flatMap { Self.neighbour($0.values) }
        guard before != now else { return [] }
        seen[service] = now
        var changes: [Change] = []
        if let before, !seen.values.contains(where: { $0.record.id == before.record.id }) {
            changes.append(.gone(before.record.id))
        }
        if let now { changes.append(.seen(now)) }
        return changes
    }

    private static func neighbour(_ entries: some Collection<Entry>) -> MDNSNeighbour? {
        // The two protocols bring a change one after the other.
        let newest = entries.compactMap(\.record).max { ($0.epoch, $0.version) < ($1.epoch, $1.version) }
        guard let newest else { return nil }
        let places = entries.compactMap { entry in
            entry.record?.id == newest.id ? entry.address : nil
        }.sorted { order($0.ip) < order($1.ip) }
        var addresses: [PeerAddress] = []
        for place in places {
            let address = PeerAddress(host: place.ip.description, port: Int(place.port))
            if !addresses.contains(address) { addresses.append(address) }
        }
        return MDNSNeighbour(record: newest, addresses: Array(addresses.prefix(4)))
    }

    /// RFC 6724 in short: addresses that lead far before those of the link, IPv6 first.
    private static func order(_ ip: IPAddress) -> (Int, Int, UInt128) {
        (ip.isLinkLocal ? 1 : 0, ip.family == .v6 ? 0 : 1, ip.bits)
    }
}
