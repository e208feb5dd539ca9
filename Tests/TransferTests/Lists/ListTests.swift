import OCI
import Testing

@testable import Transfer

struct ListTests {
    @Test("tags are listed whatever their case, and in the order of their bytes where that is all they differ in")
    func tags() throws {
        let tags = try ["b", "B1", "a", "_x", "B", "1.0", "C", "A"].map { try ListedTag(Tag($0)) }
        #expect(tags.sorted().map(\.tag.description) == ["1.0", "_x", "A", "a", "B", "b", "B1", "C"])
    }

    private func descriptor(_ number: Int, type: String = "text/plain", annotation: Int = 0) throws -> Descriptor {
        let hex = String(number, radix: 16)
        return Descriptor(
            mediaType: .ociManifest,
            digest: try Digest("sha256:" + String(repeating: "0", count: 64 - hex.count) + hex), size: 1,
            annotations: annotation == 0 ? nil : ["a": String(repeating: "x", count: annotation)],
            artifactType: try MediaType(type))
    }

    @Test("what fits one answer has no next page")
    func one() throws {
        var page = ReferrersPage(artifactType: nil)
        for number in 0..<ReferrersPage.limit { #expect(page.add(try descriptor(number))) }
        #expect(page.nextQuery == nil)
        #expect(page.descriptors.count == ReferrersPage.limit)
    }

    @Test("what is one too many begins the next page, and the filter goes along")
    func tooMany() throws {
        var page = ReferrersPage(artifactType: "text/plain+x")
        for number in 0..<ReferrersPage.limit { #expect(page.add(try descriptor(number))) }
        let last = try descriptor(ReferrersPage.limit - 1).digest
        #expect(!page.add(try descriptor(ReferrersPage.limit)))
        #expect(page.nextQuery == "artifactType=text%2Fplain%2Bx&last=\(last)")
        #expect(page.descriptors == [])
    }

    @Test(
        "annotations that would make an answer longer than a manifest may be begin the next page; the first is always told"
    )
    func annotations() throws {
        var page = ReferrersPage(artifactType: nil)
        #expect(page.add(try descriptor(1, annotation: ReferrersPage.size + 1)))
        #expect(!page.add(try descriptor(2, annotation: 1)))
        #expect(page.nextQuery == "last=\(try descriptor(1).digest)")
        #expect(page.descriptors.count == 1)
    }

    @Test("annotations of what the filter leaves out take no room")
    func filtered() throws {
        var page = ReferrersPage(artifactType: "text/html")
        for number in 0..<4 { #expect(page.add(try descriptor(number, annotation: ReferrersPage.size))) }
        #expect(page.add(try descriptor(5, type: "text/html")))
        #expect(page.descriptors.count == 1)
        #expect(page.nextQuery == nil)
    }
}
