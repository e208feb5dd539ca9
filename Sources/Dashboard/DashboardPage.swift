import FoundationEssentials
import Integrity
public import OCI

/// The dashboard: one page with its style and script inside, which asks nobody but the agent that handed it out.
public struct DashboardPage: Sendable {
    /// HTML in UTF-8.
    public let bytes: [UInt8]
    /// Of the bytes.
    public let digest: Digest
    /// What a browser may do with the page: run the one script and the one style that are in it, known by their hashes, and
    /// ask the page's own origin. Whatever else might get into it does nothing.
    public let contentSecurityPolicy: String

    /// The page of this version.
    public init() {
        let bytes = PackageResources.dashboard_html
        self.bytes = bytes
        digest = ContentHasher.digest(of: bytes)
        contentSecurityPolicy = [
            "default-src 'none'", "script-src \(Self.source("script", in: bytes))",
            "style-src \(Self.source("style", in: bytes))", "connect-src 'self'", "img-src data:", "base-uri 'none'",
            "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }

    /// The hash of what stands in the page's only element of that name, as a source of the policy.
    private static func source(_ name: String, in page: [UInt8]) -> String {
        guard let tag = page.firstRange(of: Array("<\(name)".utf8)),
            let open = page[tag.upperBound...].firstIndex(of: UInt8(ascii: ">")),
            let close = page[open...].firstRange(of: Array("</\(name)>".utf8))
        else { return "'none'" }
        let content = Array(page[(open + 1)..<close.lowerBound])
        return "'sha256-\(Data(ContentHasher.digest(of: content).bytes).base64EncodedString())'"
    }
}
