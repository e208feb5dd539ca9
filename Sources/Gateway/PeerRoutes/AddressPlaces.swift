import Synchronization

/// How many peers may wait for bytes that are on their way.
public struct WaitLimits: Sendable {
    /// In all.
    public var total = 64
    /// From one address.
    public var perAddress = 8

    public init() {}
}

/// Places that are counted, in all and by address: of those who wait for bytes on their way, and of those to whom documents go out.
final class AddressPlaces: Sendable {
    private struct State {
        var count = 0
        /// By address; no entry of 0 stays.
        var ofAddress: [String: Int] = [:]
    }

    private let total: Int
    private let perAddress: Int
    private let state = Mutex(State())

    init(total: Int, perAddress: Int) {
        self.total = total
        self.perAddress = perAddress
    }

    var count: Int { state.withLock { $0.count } }

    /// A place, free again when it is let go; nil where there is none.
    func enter(_ address: String) -> Place? {
        let isFree = state.withLock { state in
            let ofAddress = state.ofAddress[address, default: 0]
            guard state.count < total, ofAddress < perAddress else { return false }
            state.count += 1
            state.ofAddress[address] = ofAddress + 1
            return true
        }
        return isFree ? Place(self, address) : nil
    }

    private func leave(_ address: String) {
        state.withLock { state in
            state.count -= 1
            state.ofAddress[address] = state.ofAddress[address].flatMap { $0 > 1 ? $0 - 1 : nil }
        }
    }

    final class Place: Sendable {
        private let places: AddressPlaces
        private let address: String

        fileprivate init(_ places: AddressPlaces, _ address: String) {
            self.places = places
            self.address = address
        }

        deinit { places.leave(address) }
    }
}
