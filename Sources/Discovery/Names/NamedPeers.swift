import Logging
import NIOPosix

/// The peers that the operator named, in `peers.static` and `peers.dns`: looks the names up, again and again, and tells the directory
/// where those peers may be.
struct NamedPeers: Sendable {
    /// DNS tells of changes by being asked again.
    static let interval = Duration.seconds(30)
    /// At the start the network may not be up yet.
    static let firstIntervals: [Duration] = [.seconds(1), .seconds(3), .seconds(10)]

    /// What looking a name up needs. Blocks.
    struct Lookup: Sendable {
        var addresses: @Sendable (String) throws(DiscoveryError) -> [IPAddress]
        var services: @Sendable (String) throws(DiscoveryError) -> [DNSMessage.Service]

        static let system = Lookup(
            addresses: { (host) throws(DiscoveryError) in try NameLookup.addresses(of: host) },
            services: { (name) throws(DiscoveryError) in try NameLookup.services(of: name) })
    }

    let fixed: [String]
    let names: [String]
    /// The port of what has only an address record.
    let port: Int
    let directory: Directory
    let logger: Logger
    var lookup = Lookup.system

    var isNeeded: Bool { !fixed.isEmpty || !names.isEmpty }

    /// Until it is cancelled.
    func run() async {
        // A resolver may take half a minute to give up; no thread that others need may wait for it.
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        var known: [PeerPlace: [IPAddress]] = [:]
        var complaints: Set<String> = []
        var pauses = Self.firstIntervals[...]
        while !Task.isCancelled {
            let (rounds, end) = AsyncStream.makeStream(of: Round.self)
            thread.submit { _ in
                end.yield(look())
                end.finish()
            }
            // Ends with the task, too: nothing is to wait for a resolver that does not answer.
            for await round in rounds { tell(round, &known, &complaints) }
            try? await Task.sleep(for: pauses.popFirst() ?? Self.interval)
        }
        // Not waited for, for the same reason: the thread ends with what it is at.
        thread.shutdownGracefully { _ in }
    }

    // MARK: One round

    /// What a round of looking up brought.
    struct Round: Sendable, Equatable {
        struct Found: Sendable, Equatable {
            var source: Peer.Source
            var place: PeerPlace
            var addresses: [IPAddress]
        }

        var found: [Found] = []
        var failures: [String] = []
    }

    func look() -> Round {
        var round = Round()
        for text in fixed {
            guard let place = PeerPlace(text) else {
                round.failures.append("“\(text)” in peers.static is no host:port")
                continue
            }
            look(up: place, .static, &round)
        }
        for name in names {
            // A name of RFC 2782 is one of SRV records: _shoal._tcp.example.com
            guard name.hasPrefix("_") else {
                look(up: PeerPlace(host: name, port: port), .dns, &round)
                continue
            }
            do throws(DiscoveryError) {
                for service in try lookup.services(name).prefix(NameLookup.mostAddresses) where service.port > 0 {
                    look(up: PeerPlace(host: service.target, port: Int(service.port)), .dns, &round)
                }
            } catch {
                round.failures.append(error.message)
            }
        }
        return round
    }

    private func look(up place: PeerPlace, _ source: Peer.Source, _ round: inout Round) {
        do throws(DiscoveryError) {
            round.found.append(.init(source: source, place: place, addresses: try lookup.addresses(place.host)))
        } catch {
            round.failures.append(error.message)
            // What was known of the name holds while nobody answers for it.
            round.found.append(.init(source: source, place: place, addresses: []))
        }
    }

    private func tell(_ round: Round, _ known: inout [PeerPlace: [IPAddress]], _ complaints: inout Set<String>) {
        let places = Set(round.found.map(\.place))
        known = known.filter { places.contains($0.key) }
        for found in round.found where !found.addresses.isEmpty { known[found.place] = found.addresses }
        directory.name(Set(known.values.joined()))
        let now = ContinuousClock.now
        for found in round.found {
            let addresses = known[found.place] ?? []
            directory.sighted(
                Sighting(
                    source: found.source,
                    addresses: addresses.map { PeerAddress(host: $0.description, port: found.place.port) }), now: now)
        }
        // Once for each: a name that stays wrong is no news.
        for failure in round.failures where complaints.insert(failure).inserted {
            logger.warning("a named peer cannot be looked up; it is tried again", metadata: ["reason": "\(failure)"])
        }
        complaints.formIntersection(round.failures)
    }
}
