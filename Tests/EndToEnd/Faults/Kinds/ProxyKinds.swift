/// What sources do wrong: whose answer × what is wrong × where × what the client asked for.
enum ProxyKinds {
    typealias Kind = FaultKind<ProxyWorld>

    static let all: [Kind] = {
        var kinds: [Kind] = []
        for source in ProxyWorld.Source.allCases {
            for way in Misdeed.Way.allCases {
                for place in way.hasPlace && source != .upstreamBesidePeer ? Misdeed.Place.allCases : [.first] {
                    for ask in RuntimeClient.Ask.allCases where makesSense(way, ask, source) {
                        kinds.append(kind(source, Misdeed(way, place), ask, times: nil))
                        if source == .upstream, mendsItself(way) {
                            kinds.append(kind(source, Misdeed(way, place), ask, times: 1))
                        }
                    }
                }
            }
        }
        // Of those that are silent for good one will do: it takes minutes.
        kinds.append(
            Kind(name: "upstream stalls middle for good, blob", expectation: .completes, cost: 150) { world, dice in
                try await world.pull(
                    .blob, from: .upstream, that: Misdeed(.stalls, .middle), times: nil, getsBetter: false, &dice)
            })
        return kinds
    }()

    private static func makesSense(
        _ way: Misdeed.Way, _ ask: RuntimeClient.Ask, _ source: ProxyWorld.Source
    ) -> Bool {
        // What upstream says of tags is the only thing that a peer cannot always stand in for.
        // And that it does without a body, so that nothing of it can break off.
        if source == .upstreamBesidePeer, ask != .manifest || way.hasPlace && way != .resets { return false }
        return switch way {
        // A manifest is never asked for by a range.
        case .misplaces: ask != .manifest
        // A peer's answer would need another signature; refusing answers do not depend on what was asked.
        case .ignoresRange: source == .upstream && ask == .range
        case .refuses: ask == .blob || source == .upstreamBesidePeer
        // Kinds of content and digests in headers are a manifest's.
        case .renames, .mistypes: ask == .manifest
        default: true
        }
    }

    /// Whether it may be a moment's weakness.
    private static func mendsItself(_ way: Misdeed.Way) -> Bool {
        switch way {
        case .refuses, .answers401, .answers403, .circles, .headFlows, .hesitates, .flows, .trickles: false
        default: true
        }
    }

    private static func kind(
        _ source: ProxyWorld.Source, _ misdeed: Misdeed, _ ask: RuntimeClient.Ask, times: Int?
    ) -> Kind {
        let once = times == nil ? "" : " once"
        return Kind(
            name: "\(source.rawValue) \(misdeed.name)\(once), \(ask.rawValue)",
            expectation: mayFail(source, misdeed.way, ask) ? .mayFail : .completes,
            cost: cost(source, misdeed.way),
            isAlone: misdeed.way == .refuses || source.isPeer && convicts(misdeed.way),
            helpsItself: source != .upstream && !isTheLastWord(source, misdeed.way)
        ) { world, dice in
            try await world.pull(ask, from: source, that: misdeed, times: times, &dice)
        }
    }

    /// Ways in which a peer gives wrong bytes: it is not asked for anything then until it is forgiven, whoever's turn it is.
    private static func convicts(_ way: Misdeed.Way) -> Bool {
        switch way {
        case .flips, .swaps, .flows, .misplaces, .overstates, .understates, .answersPage, .babbles, .claimsGzip: true
        default: false
        }
    }

    /// Upstream's refusal of a tag, and its word what a tag means, hold against what peers remember.
    private static func isTheLastWord(_ source: ProxyWorld.Source, _ way: Misdeed.Way) -> Bool {
        guard source == .upstreamBesidePeer else { return false }
        return switch way {
        case .answers403, .answers404, .answers416, .renames: true
        default: false
        }
    }

    /// Upstream's bytes go out as they come, so what upstream lies about spoils the pull. Manifests are looked at whole.
    private static func mayFail(
        _ source: ProxyWorld.Source, _ way: Misdeed.Way, _ ask: RuntimeClient.Ask
    ) -> Bool {
        guard source == .upstream, ask != .manifest else { return false }
        return switch way {
        case .flips, .swaps, .flows, .answersPage, .misplaces, .claimsGzip, .overstates, .understates: true
        default: false
        }
    }

    private static func cost(_ source: ProxyWorld.Source, _ way: Misdeed.Way) -> Double {
        return switch way {
        case .stalls: source.isPeer ? 10 : 50
        case .trickles: source.isPeer ? 15 : 10
        case .headFlows, .hesitates, .flows: 8
        case .refuses: 20
        default: 4
        }
    }
}
