import Glibc
import OCI

@testable import Discovery

/// Builds the LAN, lets it come to know itself, disturbs it, and prints what that took.
final class LANMeasurement {
    private let options: Options
    private let lan: SimulatedLAN
    private var random: SplitMix
    private let digests: [Digest]
    private let residentBefore = Usage.residentBytes
    private var failures = 0

    init(_ options: Options) {
        self.options = options
        var random = SplitMix(seed: options.seed)
        lan = SimulatedLAN(loss: options.loss)
        digests = (0..<options.distinctBlobs).map { _ in Digest.random(&random) }
        for number in 0..<options.nodes {
            var blobs: [Digest: Int64] = [:]
            while blobs.count < options.blobs { blobs[digests[Int(random.next() % UInt64(digests.count))]] = 1 << 20 }
            lan.join(
                SimulatedNode(
                    number: number, blobs: blobs, keepsIndex: number < options.full, seed: random.next(), now: lan.now))
        }
        self.random = random
    }

    /// Returns whether everything came that has to.
    func run() -> Bool {
        measure("all start within 2 s") { startAll() }
        printMemory()
        measure("a new blob on one node, then on another: 20 times") { change() }
        measure("nothing happens for 10 s") { lan.run(for: .seconds(10)) }
        if options.churn > 0 {
            measure(
                "churn for \(options.churn) s: every second 1 % leave, half of them without a word, and as many return"
            ) {
                churn()
            }
            measure("after the churn") { converge() }
        }
        printMemory()
        return failures == 0
    }

    // MARK: Phases

    private func startAll() {
        let order = (0..<options.nodes).shuffled(using: &random)
        let pause = Duration.seconds(2) / options.nodes
        for number in order {
            lan.start(number)
            lan.run(for: pause)
        }
        converge()
    }

    private func converge() {
        let start = lan.now
        for permille in [900, 990, 999] {
            let isThere = lan.run(until: { lan.permilleInStep >= permille }, within: .seconds(120)) != nil
            note("of 1,000 pairs \(permille) know each other and all they hold", isThere ? lan.now - start : nil)
        }
    }

    private func change() {
        var most: [Duration] = []
        var all: [Duration] = []
        for _ in 0..<20 {
            let digest = Digest.random(&random)
            let living = lan.living
            let holder = living[Int(random.next() % UInt64(living.count))].number
            lan.add([digest], to: holder)
            let start = lan.now
            let enough = 100 - 2 * options.loss
            func known(_ percent: Int) -> Duration? {
                lan.run(
                    until: {
                        let (some, all) = lan.knowing(digest, of: holder)
                        return some * 100 >= all * percent
                    }, every: .milliseconds(10), within: .seconds(60))
            }
            guard known(enough) != nil else {
                failures += 1
                continue
            }
            most.append(lan.now - start)
            guard known(100) != nil else {
                failures += 1
                continue
            }
            all.append(lan.now - start)
        }
        note("known to \(100 - 2 * options.loss) of 100 nodes, median", most.sorted().middle)
        note("known to all, median", all.sorted().middle)
        note("known to all, the longest", all.max())
    }

    private func churn() {
        var down: [Int] = []
        for _ in 0..<options.churn {
            let some = max(1, options.nodes / 100)
            for number in down { lan.start(number) }
            down = lan.living.map(\.number).shuffled(using: &random).prefix(some).map { $0 }
            for (position, number) in down.enumerated() { lan.stop(number, saysBye: position.isMultiple(of: 2)) }
            // Images are pulled meanwhile.
            for node in lan.living.shuffled(using: &random).prefix(some) {
                lan.add((0..<8).map { _ in digests[Int(random.next() % UInt64(digests.count))] }, to: node.number)
            }
            lan.run(for: .seconds(1))
        }
        for number in down { lan.start(number) }
    }

    // MARK: Figures

    private func measure(_ what: String, _ phase: () -> Void) {
        print("\n\(what)")
        // Into a file, too, while the next minute goes by.
        fflush(nil)
        let (traffic, time, processor, real) = (lan.traffic, lan.now, Usage.processorSeconds, ContinuousClock.now)
        phase()
        let used = Usage.processorSeconds - processor
        let took = max(seconds(lan.now - time), 0.001)
        let went = lan.traffic - traffic
        let nodes = Double(options.nodes)
        func rate(_ count: Int) -> Double { Double(count) / took }
        print(
            "  simulated: \(rounded(took)) s, in \(rounded(seconds(.now - real))) s, \(rounded(used)) s of processor time"
        )
        print(
            """
              datagrams: \(rounded(rate(went.datagrams))) a second on the LAN, \(rounded(rate(went.datagrams) / nodes, 2)) \
            sent a second and node, \(rounded(rate(went.datagramBytes) / nodes, 0)) bytes sent and \
            \(rounded(rate(went.datagramBytes), 0)) received
            """)
        print(
            """
              HTTP: \(rounded(rate(went.requests) / nodes, 2)) requests a second and node, \
            \(rounded(rate(went.bodyBytes) / nodes, 0)) bytes of bodies
            """)
        print("  processor: \(rounded(used / took / nodes * 1000, 2)) ms a second and node")
    }

    private func note(_ what: String, _ duration: Duration?) {
        guard let duration else {
            failures += 1
            print("  \(what): NOT within the limit")
            return
        }
        print("  \(what): \(rounded(seconds(duration), 2)) s")
    }

    private func printMemory() {
        let resident = Usage.residentBytes - residentBefore
        let index = lan.nodes.reduce(0) { $0 + $1.indexBytes }
        let full = min(options.full, options.nodes)
        print(
            """
              memory: \(mebibytes(resident)) resident, \(mebibytes(index)) of it the indexes of \(full) nodes; \
            \(mebibytes(max(0, resident - index) / options.nodes)) a node without, \(mebibytes(index / max(1, full))) an index
            """)
    }
}

extension Array {
    fileprivate var middle: Element? { isEmpty ? nil : self[count / 2] }
}
