import Integrity
import OCI

/// The chains used last, as many as fit. A value without I/O.
struct RecentChains {
    private struct Entry {
        var chain: HashChain
        var used: UInt64
    }

    /// In bytes of states.
    let limit: Int
    private(set) var bytes = 0
    private var entries: [Digest: Entry] = [:]
    private var clock: UInt64 = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Without being a use.
    func peek(_ digest: Digest) -> HashChain? { entries[digest]?.chain }

    mutating func use(_ digest: Digest) -> HashChain? {
        clock += 1
        entries[digest]?.used = clock
        return entries[digest]?.chain
    }

    /// One that is larger than all together may be is not taken in.
    mutating func insert(_ chain: HashChain) {
        remove(chain.digest)
        guard Self.cost(chain) <= limit else { return }
        clock += 1
        entries[chain.digest] = Entry(chain: chain, used: clock)
        bytes += Self.cost(chain)
        while bytes > limit, let oldest = entries.min(by: { $0.value.used < $1.value.used })?.key { remove(oldest) }
    }

    mutating func remove(_ digest: Digest) {
        guard let entry = entries.removeValue(forKey: digest) else { return }
        bytes -= Self.cost(entry.chain)
    }

    /// The states, and as much again as a small entry takes besides.
    private static func cost(_ chain: HashChain) -> Int { chain.states.count * SHA256State.byteCount + 256 }
}
