import FoundationEssentials
import Gateway
import Glibc
import Integrity
import NIOHTTP1
import OCI
import Testing

@testable import Agent

@Suite("The dashboard")
struct DashboardTests {
    private func ask(
        _ headers: HTTPHeaders = [:], method: HTTPMethod = .GET, host: String = "localhost:5052"
    ) async throws -> HTTPResponse {
        var headers = headers
        headers.add(name: "Host", value: host)
        return await AdminResponder(source: StubSource(snapshot: try .sample()), access: .loopback)
            .respond(to: HTTPRequest(method: method, path: "/", headers: headers))
    }

    private func page() async throws -> String {
        String(decoding: try #require(try await ask().bytes), as: UTF8.self)
    }

    /// What stands between the only `<name …>` and its end.
    private func content(of name: String, in page: String) throws -> String {
        let pieces = page.split(separator: "<\(name)", omittingEmptySubsequences: false)
        try #require(pieces.count == 2)
        let rest = try #require(pieces[1].split(separator: ">", maxSplits: 1, omittingEmptySubsequences: false).last)
        return String(try #require(rest.split(separator: "</\(name)>", omittingEmptySubsequences: false).first))
    }

    @Test("is a page that may be kept, but is asked for again each time")
    func served() async throws {
        let answer = try await ask()
        #expect(answer.status == .ok)
        #expect(answer.headers["Content-Type"] == ["text/html; charset=utf-8"])
        #expect(answer.headers["Cache-Control"] == ["no-cache"])
        #expect(answer.headers["X-Content-Type-Options"] == ["nosniff"])
        let bytes = try #require(answer.bytes)
        #expect(bytes.starts(with: Array("<!doctype html>".utf8)))
        #expect(bytes.count < 60_000)
        let head = try await ask(method: .HEAD)
        #expect(head.status == .ok)
        #expect(head.headers["ETag"] == answer.headers["ETag"])
    }

    @Test("is not sent again to who has it")
    func unchanged() async throws {
        let tag = try #require(try await ask().headers.first(name: "ETag"))
        let answer = try await ask(["If-None-Match": "\"other\", \(tag)"])
        #expect(answer.status == .notModified)
        #expect(answer.bytes == nil)
        #expect(try await ask(["If-None-Match": "\"other\""]).status == .ok)
    }

    @Test("is compressed for who takes that")
    func compressed() async throws {
        let answer = try await ask(["Accept-Encoding": "gzip, br"])
        #expect(answer.headers["Content-Encoding"] == ["gzip"])
        #expect(try #require(answer.bytes).count < 20_000)
    }

    @Test("is answered by loopback's names only")
    func host() async throws {
        #expect(try await ask(host: "evil.example:5052").status == .forbidden)
    }

    @Test("lets a browser run its one script and its one style, and nothing else")
    func policy() async throws {
        let page = try await page()
        let policy = try #require(try await ask().headers.first(name: "Content-Security-Policy"))
        #expect(policy.hasPrefix("default-src 'none'; "))
        for name in ["script", "style"] {
            let hash = ContentHasher.digest(of: Array(try content(of: name, in: page).utf8))
            #expect(policy.contains("; \(name)-src 'sha256-\(Data(hash.bytes).base64EncodedString())';"))
        }
        #expect(policy.contains("connect-src 'self'"))
        #expect(!policy.contains("unsafe"))
    }

    @Test("has nothing that the policy would keep from working: no style and no handler in an attribute")
    func attributes() async throws {
        let page = try await page()
        let markup = page.replacing(try content(of: "script", in: page), with: "")
        #expect(markup.contains("<section"))
        #expect(markup.firstMatch(of: /<[^>]*\s(style|on[a-z]+)\s*=/) == nil)
        #expect(!page.contains("setAttribute(\"style\""))
    }

    @Test(
        "never takes text for markup or code",
        arguments: [
            "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "createContextualFragment", "DOMParser",
            "srcdoc", "setHTML", "eval(", "new Function", "javascript:",
        ])
    func markup(word: String) async throws {
        #expect(try await !page().contains(word))
    }

    @Test("names nobody but the agent that handed it out", arguments: ["://", "\"//", "src=", "@import", "url("])
    func origin(word: String) async throws {
        #expect(try await !page().contains(word))
    }

    @Test("can be read on both grounds: text has a contrast of 4.5 to 1 and more, what is drawn 3 to 1")
    func contrast() async throws {
        let pairs = try await page().matches(of: /--([a-z]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)/)
        let colours = Dictionary(uniqueKeysWithValues: pairs.map { ($0.1, [$0.2, $0.3].map(luminance)) })
        let grounds = try ["ground", "sheet"].map { try #require(colours[$0[...]]) }
        let words = ["text", "soft", "accent", "good", "warn", "bad"].map { ($0, 4.5) }
        for (name, least) in words + ["store", "peers", "upstream", "served"].map({ ($0, 3.0) }) {
            let colour = try #require(colours[name[...]])
            for scheme in 0...1 {
                for ground in grounds {
                    let pair = [colour[scheme], ground[scheme]].sorted()
                    #expect((pair[1] + 0.05) / (pair[0] + 0.05) >= least, "\(name), scheme \(scheme)")
                }
            }
        }
    }

    /// Relative luminance (WCAG 2.2) of six hexadecimal digits; sRGB's curve by its power.
    private func luminance(_ hex: Substring) -> Double {
        let number = UInt32(hex, radix: 16) ?? 0
        return zip([16, 8, 0], [0.2126, 0.7152, 0.0722]).reduce(0) { sum, part in
            let channel = Double((number >> part.0) & 0xff) / 255
            return sum + part.1 * (channel <= 0.04045 ? channel / 12.92 : pow((channel + 0.055) / 1.055, 2.4))
        }
    }
}

extension HTTPResponse {
    /// The body where it is all there; nil where there is none.
    fileprivate var bytes: [UInt8]? {
        if case .bytes(let bytes) = body { bytes } else { nil }
    }
}
