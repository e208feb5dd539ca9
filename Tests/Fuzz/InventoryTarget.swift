import FoundationEssentials

/// A page of an inventory, as a peer answers it.
enum InventoryTarget: FuzzTarget {
    private static let limits = {
        var limits = DirectoryLimits()
        limits.digestsPerPeer = 8
        limits.referencesPerPeer = 2
        return limits
    }()

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let page = try? JSONDecoder().decode(InventoryPage.self, from: Data(input)),
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
        if let next = page.next { _ = PagePosition(next) }
    }
}
