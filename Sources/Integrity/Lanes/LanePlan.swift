/// Which kernels lead how many messages: for each number of messages the cheapest way, measured once on this machine.
///
/// Whether many narrow lanes or few wide ones are faster depends on the processor, and is not told by what it has: libcrypto with
/// SHA extensions beats sixteen lanes where there is one message, and loses where there are sixteen.
struct LanePlan: Sendable {
    /// A kernel and how long it takes for a block of each of its lanes, in any unit.
    struct Choice: Sendable {
        var kernel: HashKernel
        var cost: Double
    }

    /// `calls[n - 1]`: the kernels to call one after the other for `n` messages. The last may have more lanes than there are messages.
    let calls: [[HashKernel]]
    /// How many messages to have under way: the number with the least cost for each.
    let width: Int

    static let measured = LanePlan(HashKernel.usable.map { Choice(kernel: $0, cost: KernelTiming.cost(of: $0)) })

    init(_ choices: [Choice]) {
        let most = choices.map(\.kernel.lanes).max() ?? 1
        var best: [(cost: Double, calls: [HashKernel])] = [(0, [])]
        for count in 1...most {
            let options = choices.map { choice in
                let rest = best[max(0, count - choice.kernel.lanes)]
                return (cost: choice.cost + rest.cost, calls: [choice.kernel] + rest.calls)
            }
            best.append(options.min { $0.cost < $1.cost } ?? (0, []))
        }
        calls = best.dropFirst().map { $0.calls.sorted { $0.lanes > $1.lanes } }
        // Of two widths that cost much the same, the narrower one needs fewer messages at hand.
        var width = 1
        for count in 2...max(2, most) where count <= most {
            if best[count].cost / Double(count) < 0.95 * best[width].cost / Double(width) { width = count }
        }
        self.width = width
    }
}

/// Measures a kernel, for a fraction of a millisecond.
enum KernelTiming {
    static let blocks = 64
    static let rounds = 8

    /// Nanoseconds for one call over a block per lane; the best of some, for others use the machine, too.
    static func cost(of kernel: HashKernel) -> Double {
        let bytes = [UInt8](repeating: 0x5a, count: blocks * 64)
        var states = [SIMD8<UInt32>](repeating: SHA256State.initial.words, count: kernel.lanes)
        var best = Double.infinity
        bytes.withUnsafeBufferPointer { bytes in
            let data = [UnsafePointer<UInt8>?](repeating: bytes.baseAddress, count: kernel.lanes)
            let clock = ContinuousClock()
            for _ in 0..<rounds {
                let time = clock.measure {
                    states.withUnsafeMutableBufferPointer { states in
                        guard let states = states.baseAddress else { return }
                        data.withUnsafeBufferPointer { data in
                            guard let data = data.baseAddress else { return }
                            kernel.compress(states, data, blocks: blocks)
                        }
                    }
                }
                best = min(best, Double(time.components.attoseconds) / 1e9)
            }
        }
        return best / Double(blocks)
    }
}
