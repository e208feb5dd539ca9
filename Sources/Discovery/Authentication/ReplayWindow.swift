/// Lets each number through once: numbers may arrive out of order within a window of 128 behind the highest.
struct ReplayWindow: Sendable, Equatable {
    static let width: UInt64 = 128

    private(set) var highest: UInt64 = 0
    /// Bit n is set when `highest - n` was seen.
    private var seen: UInt128 = 0

    /// Whether `number` is new; it is not the next time. 0 never is.
    mutating func admit(_ number: UInt64) -> Bool {
        guard number > 0 else { return false }
        if number > highest {
            let step = number - highest
            seen = step < Self.width ? seen << step | 1 : 1
            highest = number
            return true
        }
        let behind = highest - number
        guard behind < Self.width, seen >> behind & 1 == 0 else { return false }
        seen |= UInt128(1) << behind
        return true
    }
}
