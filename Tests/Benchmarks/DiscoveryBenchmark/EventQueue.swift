/// Events in the order of their time; those of the same time in the order in which they were put in. A binary heap.
struct EventQueue<Event> {
    private struct Entry {
        var time: ContinuousClock.Instant
        var number: UInt64
        var event: Event

        func precedes(_ other: Entry) -> Bool {
            time != other.time ? time < other.time : number < other.number
        }
    }

    private var heap: [Entry] = []
    private var last: UInt64 = 0

    var nextTime: ContinuousClock.Instant? { heap.first?.time }

    mutating func push(_ event: Event, at time: ContinuousClock.Instant) {
        last += 1
        heap.append(Entry(time: time, number: last, event: event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func pop() -> (time: ContinuousClock.Instant, event: Event)? {
        guard let first = heap.first, let end = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = end
            sink()
        }
        return (first.time, first.event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[least])
            {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(least, parent)
            parent = least
        }
    }
}
