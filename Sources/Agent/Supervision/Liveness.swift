import Synchronization

/// The proof that the agent is alive: each of its parts answers. A timer of its own would go on while they hang.
struct Liveness: Sendable {
    /// Something that answers soon, or is not well.
    struct Part: Sendable {
        let name: String
        let answer: @Sendable () async -> Void
    }

    let parts: [Part]

    /// Asks every part, all at once, and returns when all have answered; which may be never.
    /// - Parameter whenLate: called once with the names of those that have not answered within `limit`.
    func prove(within limit: Duration, whenLate: @escaping @Sendable ([String]) -> Void) async {
        let silent = SilentParts(parts.map(\.name))
        await withTaskGroup { group in
            for (index, part) in parts.enumerated() {
                group.addTask {
                    await part.answer()
                    return silent.answered(index)
                }
            }
            group.addTask {
                guard (try? await Task.sleep(for: limit)) != nil else { return false }
                let names = silent.names
                if !names.isEmpty { whenLate(names) }
                return false
            }
            for await isLast in group where isLast { break }
            group.cancelAll()
        }
    }

    private final class SilentParts: Sendable {
        private let parts: Mutex<[Int: String]>

        init(_ names: [String]) {
            parts = Mutex(Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.offset, $0.element) }))
        }

        var names: [String] { parts.withLock { $0.sorted { $0.key < $1.key }.map(\.value) } }

        /// - Returns: whether it was the last one.
        func answered(_ index: Int) -> Bool {
            parts.withLock {
                $0[index] = nil
                return $0.isEmpty
            }
        }
    }
}
