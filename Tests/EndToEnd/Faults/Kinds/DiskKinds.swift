/// A disk that is full, has no room for another file, or is read-only, at every write that an agent makes.
enum DiskKinds {
    typealias Kind = FaultKind<DiskWorld>
    private typealias Harm = @Sendable (inout SplitMix) -> DiskWorld.Harm

    private static let harms: [(name: String, make: Harm)] = [
        ("full", { _ in .full(leaving: 0) }),
        ("nearly full", { .full(leaving: Int.random(in: 0...14_000_000, using: &$0)) }),
        ("without room for a file", { .noFiles(leaving: Int.random(in: 0...8, using: &$0)) }),
        ("read-only", { _ in .readOnly("data") }),
    ]

    static let all: [Kind] =
        harms.flatMap { name, harm in
            [
                Kind(name: "disk \(name), pull", expectation: .completes, cost: 5) { world, dice in
                    let sizes = sizes(&dice)
                    return try await world.pull(harm(&dice), after: .zero, sizes, &dice)
                },
                Kind(name: "disk \(name) in the middle of a pull", expectation: .completes, cost: 5) { world, dice in
                    let sizes = sizes(&dice)
                    let delay = Duration.milliseconds(Int.random(in: 1...250, using: &dice))
                    return try await world.pull(harm(&dice), after: delay, sizes, &dice)
                },
                Kind(name: "disk \(name), push", expectation: .completes, cost: 5) { world, dice in
                    let sizes = sizes(&dice)
                    return try await world.push(harm(&dice), sizes, inParts: false, &dice)
                },
                Kind(name: "disk \(name), push in parts", expectation: .completes, cost: 5) { world, dice in
                    let sizes = sizes(&dice)
                    return try await world.push(harm(&dice), sizes, inParts: true, &dice)
                },
                Kind(name: "disk \(name) when it starts", expectation: .completes, cost: 6) { world, dice in
                    try await world.restart(harm(&dice), &dice)
                },
            ]
        }
        + ["store", "spool"].map { folder in
            Kind(name: "\(folder) read-only, pull", expectation: .completes, cost: 5) { world, dice in
                let sizes = sizes(&dice)
                return try await world.pull(.readOnly("data/\(folder)"), after: .zero, sizes, &dice)
            }
        }

    private static func sizes(_ dice: inout SplitMix) -> [Int] {
        (0..<Int.random(in: 1...4, using: &dice)).map { _ in Int.random(in: 2_000...5_000_000, using: &dice) }
    }
}
