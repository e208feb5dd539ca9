import Synchronization

/// How many blobs may go out to peers at once. One more is answered 503, so that the asker tries another holder.
public final class UploadSlots: Sendable {
    private let limit: Int
    private let taken = Atomic(0)

    public init(limit: Int) {
        self.limit = limit
    }

    public var inUse: Int { taken.load(ordering: .relaxed) }

    /// A slot for one upload; nil when all are taken.
    public func acquire() -> Slot? {
        guard taken.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue <= limit else {
            taken.wrappingSubtract(1, ordering: .acquiringAndReleasing)
            return nil
        }
        return Slot(self)
    }

    /// Held for as long as an upload goes on; free again when it is let go.
    public final class Slot: Sendable {
        private let slots: UploadSlots

        fileprivate init(_ slots: UploadSlots) {
            self.slots = slots
        }

        deinit {
            slots.taken.wrappingSubtract(1, ordering: .acquiringAndReleasing)
        }
    }
}
