import Content
import OCI
import Testing

@Suite("An image layout keeps what every store promises", .timeLimit(.minutes(2)))
struct ImageLayoutConformanceTests {
    @Test("by put", arguments: BlobStoreConformance.checks)
    func put(_ check: BlobStoreConformance) async throws {
        let scratch = try Scratch()
        try await check.run {
            let layout = try scratch.layout()
            return BlobStoreFixture(
                store: layout,
                add: { content in
                    try await layout.put(content, as: digestOf(content))
                    return digestOf(content)
                },
                remove: { try layout.remove($0) })
        }
    }

    @Test("by commit", arguments: BlobStoreConformance.checks)
    func commit(_ check: BlobStoreConformance) async throws {
        let scratch = try Scratch()
        try await check.run {
            let layout = try scratch.layout()
            let spool = try scratch.spool()
            return BlobStoreFixture(
                store: layout,
                add: { content in
                    let file = try spool.create(digestOf(content))
                    try file.write(content)
                    return try await layout.commit(file, as: digestOf(content), size: Int64(content.count)).digest
                },
                remove: { try layout.remove($0) })
        }
    }
}
