/// Whom upstream's bytes in a spool file come from: a registry, and as whom it is asked. Any registry can say of any digest that it has
/// it, so what one gave is nothing to go on from for who wants another's.
public struct SpoolOrigin: Hashable, Sendable {
    /// As a journal notes it.
    let bytes: [UInt8]

    /// - Parameter code: 32 bytes that are the same for the same registry and the same right, and for no others, such as a digest over
    ///   both. It is kept on the disk: what is secret of either must not be guessed from it.
    public init?(code: some Collection<UInt8>) {
        guard code.count == Self.length else { return nil }
        bytes = Array(code)
    }

    static let length = 32
}
