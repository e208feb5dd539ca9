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

    @Test("the packaged configuration names every key with its default, in its table, and sets none")
    func packagedFile() throws {
        let lines = try page("deploy/config.toml")
        #expect(refusal(lines.joined(separator: "\n")) == nil)
        let loaded = try load(lines.joined(separator: "\n"))
        #expect(!ConfigurationKey<Configuration>.all.contains { loaded.isSet($0.name) })
        var table = ""
        var named: [String] = []
        for line in lines {
            let isTable = line.hasPrefix("[") || line.hasPrefix("#[")
            if isTable { table = line.filter { !"#[]".contains($0) } + "." }
            // What can be set stands right behind its #, prose after a space.
            guard !isTable, line.hasPrefix("#"), !line.hasPrefix("# ") else { continue }
            named.append(table + line.dropFirst())
        }
        let keys = ConfigurationKey<Configuration>.all.map { "\($0.name) = \($0.read(Configuration()))" }
        let upstream = ConfigurationKey<Configuration.Upstream>.all.map {
            "upstream.\"registry.example.com\".\($0.name) = \($0.read(Configuration.Upstream()))"
        }
        #expect(named == keys + upstream)
    }

    private func row<Root>(_ key: ConfigurationKey<Root>, of defaults: Root) -> String {
        return "| `\(key.name)` | \(key.typeName) | `\(key.read(defaults))` | \(key.meaning) |"
            + (key.change == .reload ? " yes |" : " |")
    }

    private func page(_ name: String = "docs/configuration.md") throws -> [String] {
        let here = FilePath(#filePath)
        let top = here.removingLastComponent().removingLastComponent().removingLastComponent().removingLastComponent()
        let file = try FileDescriptor.open(top.appending(name), .readOnly)
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
