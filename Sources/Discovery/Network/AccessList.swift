/// `peers.allow`: from which addresses peers may come, over TCP and UDP alike.
///
/// Words: CIDRs and single addresses; `on-link` for the subnets of this node's own LAN interfaces; `private` for RFC 1918, unique local
/// and link-local addresses; `any`. With a cluster key `on-link` is its holders beyond routers, too (`admitsMembers`). Loopback passes only by `any` or a CIDR that names it: what runs on this machine is no peer.
public struct AccessList: Sendable {
    private enum Rule: Sendable {
        case block(AddressBlock)
        case onLink
        case any
    }

    private let rules: [Rule]
    private let interfaces: InterfaceCache

    /// - Throws: `.accessInvalid` for a word that is none of these.
    public init(_ words: [String]) throws(DiscoveryError) {
        try self.init(words, interfaces: .shared)
    }

    init(_ words: [String], interfaces: InterfaceCache) throws(DiscoveryError) {
        var rules: [Rule] = []
        for word in words {
            switch word {
            case "any": rules.append(.any)
            case "on-link": rules.append(.onLink)
            case "private": rules += AddressBlock.privateBlocks.map(Rule.block)
            default:
                guard let block = AddressBlock(word) else {
                    throw DiscoveryError(
                        .accessInvalid,
                        "“\(word.prefix(64))” in peers.allow is no CIDR; write on-link, private, any, or as in 192.0.2.0/24"
                    )
                }
                rules.append(.block(block))
            }
        }
        self.rules = rules
        self.interfaces = interfaces
    }

    /// Whether holders of the cluster key are let in from beyond the LAN, too. Words say who is trusted; a list of CIDRs alone is a fence
    /// that stands.
    public var admitsMembers: Bool {
        rules.contains { rule in
            switch rule {
            case .any, .onLink: true
            case .block: false
            }
        }
    }

    /// - Parameter address: an IP literal, as a socket tells it; a zone (`fe80::1%eth0`) may follow.
    public func allows(_ address: String) -> Bool {
        IPAddress(address).map(allows) ?? false
    }

    func allows(_ address: IPAddress) -> Bool {
        guard !address.isSenderless else { return false }
        return rules.contains { rule in
            switch rule {
            case .any: true
            case .block(let block): block.contains(address)
            case .onLink: isOnLink(address)
            }
        }
    }

    private func isOnLink(_ address: IPAddress) -> Bool {
        interfaces.neighbourhood().contains(address)
    }
}
