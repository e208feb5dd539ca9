import SystemPackage
import Testing

@testable import Agent

/// `docs/configuration.md` says what the code does.
@Suite struct ConfigurationReferenceTests {
    @Test("the reference lists every key with its type, default and meaning, and no others")
    func keys() throws {
        let rows = try page().filter { $0.hasPrefix("| `") && $0.split(separator: "|").count == 5 }
        let table = ConfigurationKey<Configuration>.all.map { row($0, of: Configuration()) }
        let upstream = ConfigurationKey<Configuration.Upstream>.all.map { row($0, of: Configuration.Upstream()) }
        #expect(rows == table + upstream)
    }

    @Test("the examples of the reference load")
    func examples() throws {
        let text = try page().joined(separator: "\n")
        let examples = text.split(separator: "```toml\n").dropFirst().compactMap { $0.components(before: "\n```") }
        #expect(!examples.isEmpty)
        for example in examples { #expect(refusal(example) == nil) }
    }

    private func row<Root>(_ key: ConfigurationKey<Root>, of defaults: Root) -> String {
        return "| `\(key.name)` | \(key.typeName) | `\(key.read(defaults))` | \(key.meaning) |"
            + (key.change == .reload ? " yes |" : " |")
    }

    private func page() throws -> [String] {
        let here = FilePath(#filePath)
        let top = here.removingLastComponent().removingLastComponent().removingLastComponent().removingLastComponent()
        let file = try FileDescriptor.open(top.appending("docs/configuration.md"), .readOnly)
        let bytes = try file.closeAfter {
            try [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
    }
}

extension StringProtocol {
    /// What stands before the first `separator`.
    fileprivate func components(before separator: String) -> String? {
        split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false).first.map { String($0) }
    }
}
