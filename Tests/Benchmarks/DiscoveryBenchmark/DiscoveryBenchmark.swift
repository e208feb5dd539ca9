import Glibc

/// Ends with 1 where something did not come within its limit.
@main
enum DiscoveryBenchmark {
    static func main() {
        let options = Options(Array(CommandLine.arguments.dropFirst()))
        var random = SplitMix(seed: options.seed)
        print("the index of who holds what, at its limit")
        for distinct in [950_000, 20_000] {
            print("  " + IndexMeasurement(peers: 1_000, entries: 1_000_000, distinct: distinct, random: &random).text)
        }
        print("  " + DirectoryMeasurement(options, random: &random).text)
        print(
            "\n\(options.nodes) nodes, \(options.blobs) blobs each of \(options.distinctBlobs), \(options.loss) % loss")
        guard LANMeasurement(options).run() else { exit(1) }
    }
}
