import Glibc

/// containerd's version, as far as its configuration depends on it.
public struct ContainerdVersion: Sendable, Comparable, CustomStringConvertible {
    public let major: Int
    public let minor: Int

    /// Makes a version from its numbers.
    public init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `2.1`, `v2.1.4`, or what `containerd --version` prints.
    public init?(_ text: some StringProtocol) {
        // `containerd github.com/containerd/containerd/v2 2.1.9~ds1 …`; k3s has `2.0.2-k3s2`.
        let words = text.split { $0.isWhitespace }
        let version = words.count > 2 ? words[2] : words.first ?? ""
        let numbers = version.drop { $0 == "v" }.split(separator: ".", maxSplits: 2).map { $0.prefix { $0.isNumber } }
        guard numbers.count > 1, let major = Int(numbers[0]), let minor = Int(numbers[1]) else { return nil }
        self.init(major: major, minor: minor)
    }

    /// What the `containerd` found in `PATH` says; nil where there is none.
    public static func installed() -> ContainerdVersion? {
        guard let pipe = popen("exec timeout 5 containerd --version 2>/dev/null", "re") else { return nil }
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 512)
        guard fgets(&line, CInt(line.count), pipe) != nil else { return nil }
        return Self(String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// `dial_timeout` in hosts.toml: since 2.1 (containerd pull request 11106).
    var knowsDialTimeout: Bool { self >= Self(major: 2, minor: 1) }
    /// `config_path` of the transfer service, and version 3 of config.toml.
    var isTwo: Bool { major >= 2 }

    public static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }

    public var description: String { "\(major).\(minor)" }
}
