import Glibc

/// A day as this machine's clock and time zone have it.
enum LocalDay {
    /// `2026-11-22`: the order of the texts is that of the days.
    static var now: String { text(of: time(nil)) }

    /// Whether a text has that form.
    static func isDay(_ text: String) -> Bool {
        text.utf8.count == 10
            && text.utf8.enumerated().allSatisfy { place, byte in
                place == 4 || place == 7 ? byte == UInt8(ascii: "-") : (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte
            }
    }

    /// - Parameter seconds: since 1970.
    static func text(of seconds: Int) -> String {
        var seconds = seconds
        var parts = tm()
        localtime_r(&seconds, &parts)
        func padded(_ number: some BinaryInteger, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
    }
}
