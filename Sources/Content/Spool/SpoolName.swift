import OCI
import SystemPackage

/// A spool file's name, `sha256-<hex>.<number>.spool`: what tells it from everybody else's files. Its journal has `.pieces` behind it.
struct SpoolName: CustomStringConvertible, Hashable {
    private static let journalSuffix = ".pieces"

    var digest: Digest
    var number: UInt64

    init(digest: Digest, number: UInt64) {
        self.digest = digest
        self.number = number
    }

    /// Nil for a file that is none of the spool's.
    init?(_ component: FilePath.Component) {
        self.init(component.string)
    }

    /// The name of the spool file whose journal this is; nil for a file that is none.
    init?(ofJournal component: FilePath.Component) {
        guard component.string.hasSuffix(Self.journalSuffix) else { return nil }
        self.init(String(component.string.dropLast(Self.journalSuffix.count)))
    }

    private init?(_ name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == "spool", let number = UInt64(parts[1]) else { return nil }
        let halves = parts[0].split(separator: "-", omittingEmptySubsequences: false)
        guard halves.count == 2, let digest = try? Digest("\(halves[0]):\(halves[1])") else { return nil }
        self.init(digest: digest, number: number)
        guard description == name else { return nil }
    }

    var description: String { "\(digest.algorithm.rawValue)-\(digest.hex).\(number).spool" }

    /// The name of its journal.
    var journal: String { description + Self.journalSuffix }
}
