/// What was still on its way to this node comes no further: its source has failed, and it is fetched anew from another. Nothing is wrong
/// with this node; whoever was reading asks again.
public struct ArrivalStopped: Error, Sendable, CustomStringConvertible {
    public var description: String

    /// - Parameter description: what has stopped, and where.
    public init(_ description: String) {
        self.description = description
    }
}
