import Glibc

/// What the command line says.
struct Options: Sendable {
    var nodes = 100
    /// Directories that keep the whole index; the others keep peers, versions and gaps, and no blobs.
    var full = 50
    var blobs = 500
    /// Different blobs on the LAN, as images are the same on many nodes.
    var distinct: Int?
    /// Datagrams that one receiver misses, of a hundred.
    var loss = 5
    /// Seconds of churn, of the simulated clock.
    var churn = 20
    var seed: UInt64 = 1

    static let usage = """
        discovery-benchmark [--nodes N] [--full N] [--blobs N] [--distinct N] [--loss PERCENT] [--churn SECONDS] [--seed N]

        How long a LAN of real directories takes to come to know everything, and what that costs. docs/benchmarks.md says what of it
        is real.
        """

    /// Ends the process where the arguments are wrong.
    init(_ arguments: [String]) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            guard let text = rest.popFirst(), let value = Int(text), value >= 0 else {
                print(Self.usage)
                exit(2)
            }
            switch name {
            case "--nodes": nodes = max(2, value)
            case "--full": full = value
            case "--blobs": blobs = value
            case "--distinct": distinct = value
            case "--loss": loss = min(value, 90)
            case "--churn": churn = value
            case "--seed": seed = UInt64(value)
            default:
                print(Self.usage)
                exit(2)
            }
        }
    }

    var distinctBlobs: Int { max(blobs, distinct ?? nodes * 20) }
}
