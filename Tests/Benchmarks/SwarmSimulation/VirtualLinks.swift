/// Links that are shared as a fluid: what a sender sends is divided evenly among its flows, what a receiver cannot take goes to the
/// others. A receiver divides its link evenly, and what a sender cannot give is lost to it: a little worse than TCP.
struct VirtualLinks {
    struct Flow {
        /// Nil: upstream.
        var from: Int?
        var to: Int
        /// Bytes of the present piece.
        var done = 0.0
        var rate = 0.0
        /// The least that it is held to by something else than the links.
        var limit = Double.infinity
        fileprivate var updated = 0.0
        /// When its end is next looked at.
        fileprivate var due = Double.infinity
        fileprivate(set) var isOn = false
    }

    private(set) var flows: [Flow] = []
    private var outgoing: [[Int]]
    private var incoming: [[Int]]
    private var upstream: [Int] = []
    private let up: [Double]
    private let down: [Double]
    private let uplink: Double
    private let size: Double
    /// Ends to be looked at, since they were last taken.
    private var ends: [(flow: Int, time: Double)] = []
    private var caps: [(cap: Double, flow: Int)] = []

    init(up: [Double], down: [Double], uplink: Double, size: Double) {
        self.up = up
        self.down = down
        self.uplink = uplink
        self.size = size
        outgoing = Array(repeating: [], count: up.count)
        incoming = Array(repeating: [], count: up.count)
    }

    /// A flow that does not flow yet.
    mutating func make(from: Int?, to: Int, limit: Double = .infinity) -> Int {
        flows.append(Flow(from: from, to: to, limit: limit))
        return flows.count - 1
    }

    mutating func turnOn(_ id: Int, _ now: Double) {
        guard !flows[id].isOn else { return }
        flows[id].isOn = true
        flows[id].updated = now
        incoming[flows[id].to].append(id)
        if let from = flows[id].from { outgoing[from].append(id) } else { upstream.append(id) }
        level(beside: id, now)
    }

    mutating func turnOff(_ id: Int, _ now: Double) {
        guard flows[id].isOn else { return }
        settle(id, now)
        flows[id].isOn = false
        flows[id].rate = 0
        flows[id].due = .infinity
        Self.remove(id, from: &incoming[flows[id].to])
        if let from = flows[id].from {
            Self.remove(id, from: &outgoing[from])
        } else {
            Self.remove(id, from: &upstream)
        }
        level(beside: id, now)
    }

    /// A flow goes on with its next piece.
    mutating func startPiece(_ id: Int, _ now: Double) {
        settle(id, now)
        flows[id].done = 0
        flows[id].due = .infinity
        schedule(id, now)
    }

    /// Bytes of the present piece that have come.
    func done(_ id: Int, _ now: Double) -> Double {
        flows[id].done + (flows[id].isOn ? flows[id].rate * (now - flows[id].updated) : 0)
    }

    /// When the last byte of a flow came; 0 where none has.
    func lastByteAt(_ id: Int, _ now: Double) -> Double {
        flows[id].rate > 0 ? now : flows[id].updated
    }

    /// Whether a flow's piece has come; looked at again later where it has not.
    mutating func hasEnded(_ id: Int, _ now: Double) -> Bool {
        guard flows[id].isOn, flows[id].due <= now else { return false }
        settle(id, now)
        if size - flows[id].done < 1 { return true }
        flows[id].due = .infinity
        schedule(id, now)
        return false
    }

    mutating func takeEnds() -> [(flow: Int, time: Double)] {
        guard !ends.isEmpty else { return [] }
        defer { ends.removeAll(keepingCapacity: true) }
        return ends
    }

    private static func remove(_ id: Int, from list: inout [Int]) {
        if let index = list.firstIndex(of: id) { list.remove(at: index) }
    }

    private mutating func settle(_ id: Int, _ now: Double) {
        flows[id].done += flows[id].rate * (now - flows[id].updated)
        flows[id].updated = now
    }

    /// The shares of everything that shares a link with a flow have changed.
    private mutating func level(beside id: Int, _ now: Double) {
        let flow = flows[id]
        level(flow.from, now)
        for other in incoming[flow.to] where flows[other].from != flow.from { level(flows[other].from, now) }
    }

    private mutating func level(_ sender: Int?, _ now: Double) {
        let ids = sender.map { outgoing[$0] } ?? upstream
        var left = sender.map { up[$0] } ?? uplink
        caps.removeAll(keepingCapacity: true)
        for id in ids {
            let receiver = flows[id].to
            caps.append((min(down[receiver] / Double(incoming[receiver].count), flows[id].limit), id))
        }
        if caps.count > 1 { caps.sort { ($0.cap, $0.flow) < ($1.cap, $1.flow) } }
        for (index, entry) in caps.enumerated() {
            let rate = min(entry.cap, left / Double(caps.count - index))
            left -= rate
            guard abs(rate - flows[entry.flow].rate) > 1e-3 * rate else { continue }
            settle(entry.flow, now)
            flows[entry.flow].rate = rate
            schedule(entry.flow, now)
        }
    }

    private mutating func schedule(_ id: Int, _ now: Double) {
        guard flows[id].rate > 0 else { return }
        let end = now + max(0, size - flows[id].done) / flows[id].rate
        // An end that comes later than was thought is found out when it is looked at.
        guard end < flows[id].due else { return }
        flows[id].due = end
        ends.append((id, end))
    }
}
