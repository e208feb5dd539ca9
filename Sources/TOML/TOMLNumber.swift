/// The look of numbers, dates and times (TOML 1.0, "Integer" to "Local Time"). TOMLKit's parser asserts that what begins as a date goes on
/// as one, and ends the process where it does not.
enum TOMLNumber {
    /// Whether what stands here is no number, date or time, or looks like one to its end. Of dates and times every place counts; of numbers
    /// the parser says what is wrong with them.
    static func mayBegin(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first, isDigit(first) || isSign(first) else { return true }
        let token = text.prefix { !isEnd($0) }
        guard token.allSatisfy(isPart) else { return false }
        if isDate(token.prefix(10)) {
            let rest = token.dropFirst(10)
            if let mark = rest.first { return (mark | 0x20) == UInt8(ascii: "t") && isTime(rest.dropFirst(), true) }
            // A space may stand between a date and its time.
            let behind = text[token.endIndex...]
            guard behind.first == 0x20, let next = behind.dropFirst().first, isDigit(next) else { return true }
            return isTime(behind.dropFirst().prefix { !isEnd($0) }, true)
        }
        if token.contains(UInt8(ascii: ":")) { return isTime(token, false) }
        // Four digits and a hyphen begin nothing else. The parser looks past underscores.
        let plain = token.filter { $0 != UInt8(ascii: "_") }
        return !(plain.count > 4 && plain.prefix(4).allSatisfy(isDigit) && plain[4] == UInt8(ascii: "-"))
    }

    private static func isDate(_ text: ArraySlice<UInt8>) -> Bool { has("dddd-dd-dd", text) }

    /// `HH:MM`, seconds and parts of them, and an offset where there is a date.
    private static func isTime(_ text: ArraySlice<UInt8>, _ mayHaveOffset: Bool) -> Bool {
        guard has("dd:dd", text.prefix(5)) else { return false }
        var rest = text.dropFirst(5)
        if rest.first == UInt8(ascii: ":") {
            guard has(":dd", rest.prefix(3)) else { return false }
            rest = rest.dropFirst(3)
            if rest.first == UInt8(ascii: ".") {
                let digits = rest.dropFirst().prefix(while: isDigit)
                guard !digits.isEmpty else { return false }
                rest = rest[digits.endIndex...]
            }
        }
        guard let mark = rest.first else { return true }
        guard mayHaveOffset else { return false }
        if (mark | 0x20) == UInt8(ascii: "z") { return rest.count == 1 }
        return isSign(mark) && has("dd:dd", rest.dropFirst())
    }

    /// Whether a text is as a pattern says, in which `d` stands for a digit.
    private static func has(_ pattern: String, _ text: ArraySlice<UInt8>) -> Bool {
        text.count == pattern.utf8.count
            && zip(pattern.utf8, text).allSatisfy { $0 == UInt8(ascii: "d") ? isDigit($1) : $0 == $1 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }

    private static func isPart(_ byte: UInt8) -> Bool {
        isDigit(byte) || isSign(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":")
    }

    private static func isEnd(_ byte: UInt8) -> Bool { " \t\r\n,]}#".utf8.contains(byte) }
}
