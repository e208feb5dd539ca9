import Glibc
import Integrity

/// Ends with 1 where a way of computing SHA-256 does not agree with the others.
@main
enum IntegrityBenchmark {
    static func main() throws {
        let options = Options(Array(CommandLine.arguments.dropFirst()))
        let blob = try SampleBlob(mebibytes: options.mebibytes)
        print("\(options.mebibytes) MiB in \(blob.pieces) pieces, the best of \(options.rounds) rounds, one thread\n")
        print(Line.heading)
        var isRight = true
        for measurement in Measurements(blob: blob).all {
            let cost = try Cost.least(of: options.rounds, measurement.work)
            isRight = isRight && cost.isRight
            print(Line(measurement.name, bytes: blob.size, cost).text)
        }
        print("\nlanes side by side, as measured on this machine: \(LaneHasher.usualWidth)")
        guard isRight else {
            print("a result is wrong: nothing that this machine computes with that is to be trusted")
            exit(1)
        }
    }
}
