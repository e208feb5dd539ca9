import Synchronization

/// Numbers the datagrams of one epoch, from 1.
final class BeaconSequence: Sendable {
    private let last = Atomic<UInt64>(0)

    func next() -> UInt64 {
        last.wrappingAdd(1, ordering: .relaxed).newValue
    }
}
