extension NodeContent {
    /// The stores whose blobs can be proven: Shoal's own first, which has hashed what it holds when it came.
    public var provableStores: [any ProvableStore] { [layout] + (runtime.map { [$0] } ?? []) }
}
