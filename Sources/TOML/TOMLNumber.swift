/// The look of numbers, dates and times (TOML 1.0, "Integer" to "Local Time"). TOMLKit's parser asserts that what begins as one of them goes
/// on as one, and ends the process where it does not; so it is shown none that is not.
enum TOMLNumber {
    /// Whether what stands here begins as no number, date or time does, or looks like one to its end.
    static func mayBegin(_ text: ArraySlice<UInt8>) -> Bool {
        guard let first = text.first, isDigit(first) || isSign(first) else { return true }
        let token = text.prefix { !isEnd($0) }
        guard isDate(token) else {
            return isInteger(token) || isFloat(token) || isTime(token, mayHaveOffset: false) || isMoment(token)
        }
        // A space may stand between a date and its time.
        let behind = text[token.endIndex...]
        guard behind.first == 0x20, let next = behind.dropFirst().first, isDigit(next) else { return true }
        return isTime(behind.dropFirst().prefix { !isEnd($0) }, mayHaveOffset: true)
    }

    private static func isInteger(_ text: ArraySlice<UInt8>) -> Bool {
        if text.first == UInt8(ascii: "0"), let mark = text.dropFirst().first {
            let digits = text.dropFirst(2)
            switch mark {
            case UInt8(ascii: "x"): return areDigits(digits) { isDigit($0) || isIn($0 | 0x20, "a", "f") }
            case UInt8(ascii: "o"): return areDigits(digits) { isIn($0, "0", "7") }
            case UInt8(ascii: "b"): return areDigits(digits) { isIn($0, "0", "1") }
            default: return false
            }
        }
        let digits = unsigned(text)
        return areDigits(digits, of: isDigit) && (digits.count == 1 || digits.first != UInt8(ascii: "0"))
    }

    private static func isFloat(_ text: ArraySlice<UInt8>) -> Bool {
        let number = unsigned(text)
        if number.elementsEqual("inf".utf8) || number.elementsEqual("nan".utf8) { return true }
        let mark = number.firstIndex { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }
        guard let mark, isInteger(number[..<mark]), number.first.map(isDigit) == true else { return false }
        var rest = number[mark...]
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { $0 | 0x20 != UInt8(ascii: "e") }
            guard areDigits(digits, of: isDigit) else { return false }
            rest = rest[digits.endIndex...]
        }
        return rest.isEmpty || areDigits(unsigned(rest.dropFirst()), of: isDigit)
    }

    private static func isDate(_ text: ArraySlice<UInt8>) -> Bool { has("dddd-dd-dd", text) }

    /// A date and a time.
    private static func isMoment(_ text: ArraySlice<UInt8>) -> Bool {
        guard isDate(text.prefix(10)), let mark = text.dropFirst(10).first else { return false }
        return mark | 0x20 == UInt8(ascii: "t") && isTime(text.dropFirst(11), mayHaveOffset: true)
    }

    /// `HH:MM`, seconds and parts of them, and an offset where there is a date.
    private static func isTime(_ text: ArraySlice<UInt8>, mayHaveOffset: Bool) -> Bool {
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
        if mark | 0x20 == UInt8(ascii: "z") { return rest.count == 1 }
        return isSign(mark) && has("dd:dd", rest.dropFirst())
    }

    /// Digits, with underscores between them.
    private static func areDigits(_ text: ArraySlice<UInt8>, of isDigit: (UInt8) -> Bool) -> Bool {
        text.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
    }

    /// Whether a text is as a pattern says, in which `d` stands for a digit.
    private static func has(_ pattern: String, _ text: ArraySlice<UInt8>) -> Bool {
        text.count == pattern.utf8.count
            && zip(pattern.utf8, text).allSatisfy { $0 == UInt8(ascii: "d") ? isDigit($1) : $0 == $1 }
    }

    private static func unsigned(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        text.first.map(isSign) == true ? text.dropFirst() : text
    }

    private static func isDigit(_ byte: UInt8) -> Bool { isIn(byte, "0", "9") }
    private static func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }
    private static func isEnd(_ byte: UInt8) -> Bool { " \t\r\n,]}#".utf8.contains(byte) }

    private static func isIn(_ byte: UInt8, _ first: Unicode.Scalar, _ last: Unicode.Scalar) -> Bool {
        (UInt8(ascii: first)...UInt8(ascii: last)).contains(byte)
    }
}
