import OCI
import SystemPackage

/// A chain's file name: `sha256-<hex>.chain`, and with a number before the end while it is being written.
struct ChainName: CustomStringConvertible, Equatable {
    var digest: Digest
    /// Set while the file is being written.
    var unfinished: UInt64?

    var isUnfinished: Bool { unfinished != nil }

    init(digest: Digest, unfinished: UInt64? = nil) {
        self.digest = digest
        self.unfinished = unfinished
    }

    /// Nil for a file that is no chain's.
    init?(_ component: FilePath.Component) {
        let name = component.string
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let stem = parts.first, 2...3 ~= parts.count, parts.last == "chain" else { return nil }
        let halves = stem.split(separator: "-", omittingEmptySubsequences: false)
        guard halves.count == 2, let digest = try? Digest("\(halves[0]):\(halves[1])") else { return nil }
        self.init(digest: digest, unfinished: parts.count == 3 ? UInt64(parts[1]) : nil)
        guard description == name else { return nil }
    }

    var description: String {
        "\(digest.algorithm.rawValue)-\(digest.hex)\(unfinished.map { ".\($0)" } ?? "").chain"
    }
}
