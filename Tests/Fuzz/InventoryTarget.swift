import FoundationEssentials
import OCI

/// A page of an inventory, as a peer answers it: compressed, or as it is.
enum InventoryTarget: FuzzTarget {
    private static let limits = {
        var limits = DirectoryLimits()
        limits.digestsPerPeer = 8
        limits.referencesPerPeer = 2
        return limits
    }()

    private static let pageLimit = 64 << 10

    static func run(_ input: UnsafeRawBufferPointer) {
        let body = Array(input)
        let inflated = try? GzipBody.inflated(body, limit: pageLimit)
        require(inflated?.count ?? 0 <= pageLimit, "more was inflated than the limit says")
        require(
            (try? GzipBody.inflated(GzipBody.compressed(body) ?? [], limit: body.count)) == body,
            "what was compressed does not come out as it went in")
        guard let page = try? JSONDecoder().decode(InventoryPage.self, from: Data(inflated ?? body)),
            var reading = try? InventoryReading(page, limits: limits)
        else { return }
        for _ in 0..<InventoryReading.pages where reading.next != nil {
            guard (try? reading.append(page)) != nil else { fail("a page was taken once and not again") }
        }
        require(reading.next == nil, "an inventory that never ends is read for ever")
        require(
            reading.added.count <= limits.digestsPerPeer && reading.removed.count <= limits.digestsPerPeer
                && reading.references.count <= limits.referencesPerPeer
                && reading.removedReferences.count <= limits.referencesPerPeer,
            "more was kept of a peer than the limits say")
        require(
            reading.references.allSatisfy { $0.reference.registry == nil || $0.version == nil && !$0.isDeleted },
            "a registry's tag was taken as one of the local namespace")
        if let next = page.next { _ = PagePosition(next) }
    }
}
