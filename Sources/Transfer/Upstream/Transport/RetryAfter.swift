import OCI

/// `Retry-After` (RFC 9110 §10.2.3): how long upstream asks to be left alone.
enum RetryAfter {
    /// What asks for more is understood as this.
    static let longest: Duration = .seconds(3600)

    /// - Parameters:
    ///   - header: seconds, or a date.
    ///   - date: the answer's own `Date`. A date is counted from there, since an edge node's clock may be wrong.
    static func duration(_ header: String?, date: String?) -> Duration? {
        guard let header else { return nil }
        if header.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), !header.isEmpty {
            // Too many digits for a number ask for more than the longest as well.
            return Int(header).map { min(.seconds($0), longest) } ?? longest
        }
        guard let until = seconds(header), let now = date.flatMap(seconds) else { return nil }
        return min(max(.zero, .seconds(until - now)), longest)
    }

    /// Seconds since 1970 of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT` (§5.6.7). The obsolete forms are not read.
    static func seconds(_ text: String) -> Int? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 6, words[0].hasSuffix(","), words[5] == "GMT",
            let day = number(words[1], digits: 2, 1...31), let month = months.firstIndex(of: String(words[2])),
            let year = number(words[3], digits: 4, 1970...9999)
        else { return nil }
        let time = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard time.count == 3, let hour = number(time[0], digits: 2, 0...23),
            let minute = number(time[1], digits: 2, 0...59), let second = number(time[2], digits: 2, 0...60)
        else { return nil }
        return ((days(year, month + 1, day) * 24 + hour) * 60 + minute) * 60 + second
    }

    private static func number(_ text: Substring, digits: Int, _ range: ClosedRange<Int>) -> Int? {
        guard text.utf8.count == digits, let number = Int(text), range.contains(number) else { return nil }
        return number
    }

    /// Days since 1970 in the Gregorian calendar; years are counted from March, so that the leap day is a year's last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}
