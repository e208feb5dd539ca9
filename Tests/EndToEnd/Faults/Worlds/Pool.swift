/// Things of which each is used by one at a time.
actor Pool<Thing: Sendable> {
    private var idle: [Thing]
    private var waiting: [CheckedContinuation<Thing, Never>] = []

    init(_ things: [Thing]) { idle = things }

    func take() async -> Thing {
        if let thing = idle.popLast() { return thing }
        return await withCheckedContinuation { waiting.append($0) }
    }

    func giveBack(_ thing: Thing) {
        if waiting.isEmpty { idle.append(thing) } else { waiting.removeFirst().resume(returning: thing) }
    }
}
