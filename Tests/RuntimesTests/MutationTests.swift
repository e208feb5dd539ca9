import FoundationEssentials
import OCI
import SystemPackage
import Testing

@testable import Runtimes

/// The texts of the trees with bytes and lines of theirs gone, doubled, or swapped: whatever they are then, `--undo` brings them back.
@Suite struct MutationTests {
    /// Numbers that are the same in every run.
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static let pieces = [
        "\n", "\r\n", "\r", "\"", "'", "[", "]", "{", "}", "#", "=", ":", ",", " ", "\t", "- ", "[[registry]]\n",
        "[host.x]\n",
        "mirrors:\n", "\"\"\"", "# BEGIN shoal\n", "# END shoal\n", "# was:", "ü",
    ]

    private func mutated(_ text: String, _ numbers: inout Numbers) -> String {
        var characters = Array(text.unicodeScalars.map(String.init))
        for _ in 0..<Int.random(in: 1...4, using: &numbers) {
            let place = Int.random(in: 0...characters.count, using: &numbers)
            switch Int.random(in: 0..<3, using: &numbers) {
            case 0: characters.insert(Self.pieces.randomElement(using: &numbers) ?? "", at: place)
            case 1 where place < characters.count: characters.remove(at: place)
            default:
                let end = min(characters.count, place + Int.random(in: 0...40, using: &numbers))
                characters.removeSubrange(place..<end)
            }
        }
        return characters.joined()
    }

    /// What one file is to a runtime: the text with the mirror, and without it again.
    private func roundTrip(_ text: String, _ path: String) throws -> (with: String, without: String?) {
        let mirror = Mirror(authority: "127.0.0.1:5050")
        if path.hasSuffix("daemon.json") {
            let file = DaemonJSON(url: mirror.url)
            let with = try file.adding(to: text)
            switch try file.removing(from: with) {
            case .same: return (with, with)
            case .text(let rest): return (with, rest)
            case .nothing: return (with, nil)
            }
        }
        let with: String
        let made = MadePlaces(folders: 0)
        if path.hasSuffix(".yaml") {
            with = try RegistriesYAML(endpoint: mirror.url).adding(["docker.io", "ghcr.io"], to: text, made: made)
        } else if path.hasSuffix(".conf") {
            with = try RegistriesConf(text, authority: mirror.authority)
                .adding(["docker.io", "ghcr.io"]) { _ in false }
        } else if path.hasSuffix("hosts.toml") {
            with = try HostsFile(mirror: mirror.url, server: "https://x", hasDialTimeout: true)
                .adding(to: text, made: made)
        } else {
            let config = try ContainerdConfig(text)
            if config.setting(config.registryPath) == "/c" { return (text, text) }
            with = try config.setting(config.registryPath, to: "/c")
        }
        return (with, try MarkedBlock.remove(from: LinedText(with)).text.text)
    }

    @Test("a text that is edited at all comes back to the byte; the mirror is there in between")
    func mutations() throws {
        var texts: [(path: String, text: String)] = []
        for golden in GoldenCase.all {
            for path in (try? FileManager.default.subpathsOfDirectory(atPath: golden.before)) ?? [] {
                guard let data = FileManager.default.contents(atPath: golden.before + "/" + path),
                    let text = String(validating: data, as: UTF8.self), !text.contains("BEGIN shoal")
                else { continue }
                texts.append((path, text))
            }
        }
        #expect(texts.count > 40)
        var numbers = Numbers(state: 2026)
        var edited = 0
        for round in 0..<4_000 {
            let (path, original) = texts[round % texts.count]
            let text = mutated(original, &numbers)
            // A text with marks of its own has other things taken out with ours.
            guard (try? MarkedBlock.all(in: LinedText(text)))?.isEmpty == true, !text.isEmpty,
                !text.contains("127.0.0.1"), let (with, without) = try? roundTrip(text, path)
            else { continue }
            edited += 1
            #expect(
                with.contains("127.0.0.1:5050") || with.contains("127.0.0.1:5050") || with.contains("/c"), "\(text)")
            #expect(without.map { $0.hasSameBytes(as: text) } == true, "\(path): \(text.debugDescription)")
        }
        #expect(edited > 500)
    }
}
