public import OCI

/// What the commands that handle images ask of the agent. Over the Unix socket only, but for ``images()``.
///
/// Errors say what happened, to what, and what to do.
public protocol ImageShelving: Sendable {
    /// All images by name.
    func images() async -> ImagesSnapshot
    /// Gives an image that is here a name of the local namespace.
    func tag(_ source: ImageReference, as target: ImageReference) async throws(DistributionError)
        -> ImagesSnapshot.Image
    /// Takes a name of the local namespace away, everywhere.
    func remove(_ image: ImageReference) async throws(DistributionError)
    /// Keeps an image in the store, or keeps it no more.
    func pin(_ image: ImageReference, _ isPinned: Bool) async throws(DistributionError)
    /// Removes what nothing refers to.
    /// - Parameter grace: what is younger stays, in seconds; nil: as configured.
    func collect(grace: Int64?, dryRun: Bool) async throws(DistributionError) -> CollectionSnapshot
}
