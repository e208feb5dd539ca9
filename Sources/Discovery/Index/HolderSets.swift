/// Sets of peers, a great many of them, most of them small. A set is named by four bytes; one peer is in those bytes, a few are in
/// nodes of a common pool, sixteen bytes for six of them, and a crowd is a bit for each peer there is.
struct HolderSets: Sendable {
    typealias Handle = HolderIndex.Handle

    /// Handles stay below; the bit above them says that the blob is unproven.
    static let handleLimit: Handle = 0x7fff
    private static let unprovenBit: Handle = 0x8000
    private static let vacant = Handle.max
    /// Nodes of one set; what needs more becomes a crowd.
    private static let longestChain = 6

    /// Names a set.
    struct Name: Sendable, Equatable {
        fileprivate var bits: UInt32

        static let empty = Name(bits: .max)

        fileprivate enum Shape {
            case empty
            case one(Handle)
            case chain(UInt32)
            case crowd(Int)
        }

        fileprivate var shape: Shape {
            if bits == .max { return .empty }
            switch bits >> 30 {
            case 0: return .one(Handle(truncatingIfNeeded: bits))
            case 1: return .chain(bits & 0x3fff_ffff)
            default: return .crowd(Int(bits & 0x3fff_ffff))
            }
        }

        fileprivate static func one(_ mark: Handle) -> Name { Name(bits: UInt32(mark)) }
        fileprivate static func chain(_ node: UInt32) -> Name { Name(bits: 1 << 30 | node) }
        fileprivate static func crowd(_ index: Int) -> Name { Name(bits: 2 << 30 | UInt32(index)) }
    }

    private struct Node: Sendable {
        static let width = 6
        static let end = UInt32.max

        var marks = SIMD8<Handle>(repeating: HolderSets.vacant)

        /// The last two marks' places hold the number of the next node.
        var next: UInt32 {
            get { UInt32(marks[6]) << 16 | UInt32(marks[7]) }
            set {
                marks[6] = Handle(truncatingIfNeeded: newValue >> 16)
                marks[7] = Handle(truncatingIfNeeded: newValue)
            }
        }
    }

    fileprivate struct Crowd: Sendable {
        var members: [UInt64] = []
        var unproven: [UInt64] = []
        var count = 0
    }

    private var nodes = ChunkedArray(filler: Node())
    private var freeNodes: [UInt32] = []
    private var crowds: [Crowd] = []
    private var freeCrowds: [Int] = []

    /// Bytes that they take.
    var footprint: Int {
        let words = crowds.reduce(0) { $0 + $1.members.capacity + $1.unproven.capacity + 8 }
        return nodes.footprint + freeNodes.capacity * MemoryLayout<UInt32>.stride
            + words * 8 + crowds.capacity * MemoryLayout<Crowd>.stride
    }

    // MARK: Reading

    /// Whether the peer is in the set, and if so whether the blob is proven there.
    func isProven(_ handle: Handle, in name: Name) -> Bool? {
        switch name.shape {
        case .empty:
            return nil
        case .one(let mark):
            return mark & Self.handleLimit == handle ? mark & Self.unprovenBit == 0 : nil
        case .chain(let first):
            guard let (node, place) = find(handle, from: first) else { return nil }
            return nodes[Int(node)].marks[place] & Self.unprovenBit == 0
        case .crowd(let index):
            return crowds[index].members.hasBit(handle) ? !crowds[index].unproven.hasBit(handle) : nil
        }
    }

    func forEach(in name: Name, _ body: (Handle, _ isProven: Bool) -> Void) {
        switch name.shape {
        case .empty:
            break
        case .one(let mark):
            body(mark & Self.handleLimit, mark & Self.unprovenBit == 0)
        case .chain(let first):
            forEachMark(from: first) { body($0 & Self.handleLimit, $0 & Self.unprovenBit == 0) }
        case .crowd(let index):
            let crowd = crowds[index]
            crowd.members.forEachBit { body($0, !crowd.unproven.hasBit($0)) }
        }
    }

    // MARK: Changing

    /// Puts the peer into the set, or notes anew whether the blob is proven there.
    mutating func insert(_ handle: Handle, isProven: Bool, into name: inout Name) {
        let mark = handle | (isProven ? 0 : Self.unprovenBit)
        switch name.shape {
        case .empty:
            name = .one(mark)
        case .one(let known):
            if known & Self.handleLimit == handle {
                name = .one(mark)
            } else {
                let node = takeNode(next: Node.end)
                nodes[Int(node)].marks[0] = known
                nodes[Int(node)].marks[1] = mark
                name = .chain(node)
            }
        case .chain(let first):
            if let (node, place) = find(handle, from: first) {
                nodes[Int(node)].marks[place] = mark
            } else {
                name = append(mark, toChain: first)
            }
        case .crowd(let index):
            crowds[index].insert(handle, isProven: isProven)
        }
    }

    mutating func remove(_ handle: Handle, from name: inout Name) {
        switch name.shape {
        case .empty:
            break
        case .one(let mark):
            if mark & Self.handleLimit == handle { name = .empty }
        case .chain(let first):
            name = remove(handle, fromChain: first)
        case .crowd(let index):
            crowds[index].remove(handle)
            if crowds[index].count <= Node.width { name = scatter(index) }
        }
    }

    // MARK: Chains. Every node but the first is full; the first has at least one mark.

    private func find(_ handle: Handle, from first: UInt32) -> (node: UInt32, place: Int)? {
        var number = first
        while number != Node.end {
            let node = nodes[Int(number)]
            for place in 0..<Node.width
            where node.marks[place] != Self.vacant && node.marks[place] & Self.handleLimit == handle {
                return (number, place)
            }
            number = node.next
        }
        return nil
    }

    private func forEachMark(from first: UInt32, _ body: (Handle) -> Void) {
        var number = first
        while number != Node.end {
            let node = nodes[Int(number)]
            for place in 0..<Node.width where node.marks[place] != Self.vacant { body(node.marks[place]) }
            number = node.next
        }
    }

    private func filled(_ number: UInt32) -> Int {
        let node = nodes[Int(number)]
        return (0..<Node.width).first { node.marks[$0] == Self.vacant } ?? Node.width
    }

    private mutating func append(_ mark: Handle, toChain first: UInt32) -> Name {
        let filled = filled(first)
        if filled < Node.width {
            nodes[Int(first)].marks[filled] = mark
            return .chain(first)
        }
        var length = 0
        var number = first
        while number != Node.end {
            length += 1
            number = nodes[Int(number)].next
        }
        guard length >= Self.longestChain else {
            let node = takeNode(next: first)
            nodes[Int(node)].marks[0] = mark
            return .chain(node)
        }
        return gather(first, and: mark)
    }

    private mutating func remove(_ handle: Handle, fromChain first: UInt32) -> Name {
        guard let (node, place) = find(handle, from: first) else { return .chain(first) }
        // The last mark of the first node takes the place of the one that goes.
        let last = filled(first) - 1
        let moved = nodes[Int(first)].marks[last]
        nodes[Int(node)].marks[place] = moved
        nodes[Int(first)].marks[last] = Self.vacant
        let next = nodes[Int(first)].next
        if last == 0 {
            freeNodes.append(first)
            return next == Node.end ? .empty : .chain(next)
        }
        guard last == 1, next == Node.end else { return .chain(first) }
        let only = nodes[Int(first)].marks[0]
        freeNodes.append(first)
        return .one(only)
    }

    private mutating func takeNode(next: UInt32) -> UInt32 {
        var node = Node()
        node.next = next
        if let reused = freeNodes.popLast() {
            nodes[Int(reused)] = node
            return reused
        }
        nodes.append(node)
        return UInt32(nodes.count - 1)
    }

    private mutating func release(chain first: UInt32) {
        var number = first
        while number != Node.end {
            freeNodes.append(number)
            number = nodes[Int(number)].next
        }
    }

    // MARK: Crowds

    private mutating func gather(_ first: UInt32, and mark: Handle) -> Name {
        var crowd = Crowd()
        forEachMark(from: first) { crowd.insert($0 & Self.handleLimit, isProven: $0 & Self.unprovenBit == 0) }
        crowd.insert(mark & Self.handleLimit, isProven: mark & Self.unprovenBit == 0)
        release(chain: first)
        if let reused = freeCrowds.popLast() {
            crowds[reused] = crowd
            return .crowd(reused)
        }
        crowds.append(crowd)
        return .crowd(crowds.count - 1)
    }

    /// A crowd that few are left of becomes a chain again.
    private mutating func scatter(_ index: Int) -> Name {
        let crowd = crowds[index]
        crowds[index] = Crowd()
        freeCrowds.append(index)
        var name = Name.empty
        crowd.members.forEachBit { insert($0, isProven: !crowd.unproven.hasBit($0), into: &name) }
        return name
    }
}

extension HolderSets.Crowd {
    fileprivate mutating func insert(_ handle: HolderSets.Handle, isProven: Bool) {
        if !members.hasBit(handle) { count += 1 }
        members.setBit(handle, to: true)
        unproven.setBit(handle, to: !isProven)
    }

    fileprivate mutating func remove(_ handle: HolderSets.Handle) {
        guard members.hasBit(handle) else { return }
        count -= 1
        members.setBit(handle, to: false)
        unproven.setBit(handle, to: false)
    }
}

extension [UInt64] {
    fileprivate func hasBit(_ handle: HolderSets.Handle) -> Bool {
        let word = Int(handle) / 64
        return word < count && self[word] >> (UInt64(handle) % 64) & 1 == 1
    }

    fileprivate mutating func setBit(_ handle: HolderSets.Handle, to isSet: Bool) {
        let word = Int(handle) / 64
        if word >= count {
            guard isSet else { return }
            append(contentsOf: repeatElement(0, count: word + 1 - count))
        }
        let bit = UInt64(1) << (UInt64(handle) % 64)
        if isSet { self[word] |= bit } else { self[word] &= ~bit }
    }

    fileprivate func forEachBit(_ body: (HolderSets.Handle) -> Void) {
        for (index, word) in enumerated() {
            var rest = word
            while rest != 0 {
                body(HolderSets.Handle(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
    }
}
