/// What one listener has not taken yet. A value; bounded: what does not fit is counted, and told of where it would have stood.
struct Backlog: Sendable {
    /// An event as it goes out: its type, and an object of JSON.
    struct Item: Sendable, Equatable {
        var type: Happening.Kind
        var json: [UInt8]
    }

    enum Taken: Sendable, Equatable {
        case item(Item)
        /// So many did not fit.
        case missed(Int)
        /// Nothing has happened for a while.
        case pulse
    }

    static let limit = 256
    static let byteLimit = 4 << 20

    private var items: ArraySlice<Item> = []
    private var bytes = 0
    private var missed = 0
    private var isPulseDue = false

    mutating func add(_ item: Item) {
        // What comes after something that was missed must not be told before that.
        guard missed == 0, items.count < Self.limit, items.isEmpty || bytes + item.json.count <= Self.byteLimit else {
            missed += 1
            return
        }
        items.append(item)
        bytes += item.json.count
    }

    mutating func pulse() { isPulseDue = true }

    /// What is to be told next; nil where there is nothing.
    mutating func take() -> Taken? {
        if let item = items.popFirst() {
            bytes -= item.json.count
            isPulseDue = false
            return .item(item)
        }
        if missed > 0 {
            defer { missed = 0 }
            return .missed(missed)
        }
        guard isPulseDue else { return nil }
        isPulseDue = false
        return .pulse
    }
}
