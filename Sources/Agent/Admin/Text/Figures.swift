/// Numbers as people read them.
enum Figures {
    /// `999 B`, `1.2 kB`, `345 MB`: powers of ten, cut and not rounded, so that what is full only looks full when it is.
    static func bytes(_ count: Int64) -> String {
        let units: [(name: String, size: Int64)] = [
            ("PB", 1_000_000_000_000_000), ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000),
            ("kB", 1000),
        ]
        guard let unit = units.first(where: { count >= $0.size }) else { return "\(count) B" }
        let tenths = count / (unit.size / 10)
        return tenths < 1000 ? "\(tenths / 10).\(tenths % 10) \(unit.name)" : "\(tenths / 10) \(unit.name)"
    }

    /// `42 s`, `14 min`, `2 h 14 min`, `3 d 4 h`.
    static func duration(seconds: Int64) -> String {
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400)
        if minutes == 0 { return "\(seconds) s" }
        if hours == 0 { return "\(minutes) min" }
        if days == 0 { return "\(hours) h \(minutes % 60) min" }
        return "\(days) d \(hours % 24) h"
    }

    /// Whole percent, cut; nil of nothing.
    static func percent(_ part: Int64, of whole: Int64) -> Int? {
        guard whole > 0, part >= 0 else { return nil }
        return Int(Double(part) / Double(whole) * 100)
    }

    /// Bytes a second; 0 where there was no time.
    static func rate(_ bytes: Int64, seconds: Double) -> Int64 {
        seconds > 0 ? Int64(min(Double(bytes) / seconds, 1e15)) : 0
    }

    /// `0.34 s`, `1.2 s`, `42 s`, `14 min`.
    static func seconds(_ seconds: Double) -> String {
        let hundredths = Int64((max(0, min(seconds, 1e9)) * 100).rounded())
        func padded(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        if hundredths < 100 { return "0.\(padded(hundredths)) s" }
        if hundredths < 1000 { return "\(hundredths / 100).\(hundredths / 10 % 10) s" }
        return duration(seconds: hundredths / 100)
    }

    /// Rounded to milliseconds.
    static func thousandths(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }

    /// `1 blob`, `2 blobs`.
    static func count(_ number: some BinaryInteger, _ noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }
}
