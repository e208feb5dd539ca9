import Content
import Discovery
import Integrity
import Logging
import NIOPosix
import OCI
import SystemPackage
import Testing

@testable import Transfer

/// Whole downloads, several nodes' at once, linked to each other without a network.
@Suite("Downloads of several nodes", .serialized, .timeLimit(.minutes(2)))
struct SharedDownloadTests {
    private static let MiB = 1 << 20

    private func blob(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SplitMix(seed: seed)
        return (0..<(count + 7) / 8).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }.prefix(count)
            .map(\.self)
    }

    private func chain(of blob: [UInt8]) -> HashChain {
        var hasher = ChainHasher()
        blob.withUnsafeBytes { hasher.update($0) }
        return hasher.finish()
    }

    /// Lets nodes download at once; each gives what its reader got, nil where it failed.
    private func pull(
        _ count: Int, from nodes: LinkedNodes, release: Bool = true, intent: DownloadPlan.Intent = .toEnd(from: 0),
        otherIntent: DownloadPlan.Intent? = nil, size: Int64? = nil, killing: Int = 0, connectsFirst: Bool = false
    ) async throws -> [[UInt8]?] {
        try await withTemporaryDirectory { directory in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let digest = ContentHasher.digest(of: nodes.blob)
            return try await withThrowingTaskGroup(of: (Int, [UInt8]?).self) { group in
                for index in 0..<count {
                    let own = NodeID.random()
                    let layout = try ImageLayout(
                        directory: directory.appending("store\(index)"), capacity: 1 << 30, logger: logger)
                    let spool = try Spool(directory: directory.appending("spool\(index)"))
                    let context = DownloadContext(
                        own: own, releasesChecked: release, mayBeShared: { _, _ in true }, store: layout,
                        counters: TransferCounters(), disk: WorkPool(.singleton), hashing: WorkPool(.singleton),
                        logger: logger, replaced: { _ in nodes.done(own) })
                    let download = Download(
                        digest: digest, size: size, origins: [], spool: try spool.create(digest),
                        sources: LinkedNodes.View(nodes: nodes, own: own), context: context)
                    nodes.add(download, as: own)
                    if connectsFirst, index == 0 { nodes.connect(own) }
                    let intent = index > 0 ? otherIntent ?? intent : intent
                    group.addTask {
                        await withTaskGroup(of: [UInt8]?.self) { inner in
                            inner.addTask {
                                await download.run()
                                return nil
                            }
                            let reader = download.reader(intent, origin: nil)
                            if index < killing {
                                _ = try? await reader?.next(at: 0, limit: 1)
                                nodes.kill(own)
                                inner.cancelAll()
                                return (index, nil)
                            }
                            var bytes: [UInt8]?
                            do {
                                bytes = try await reader?.readAll(intent)
                            } catch {
                                Issue.record("node \(index) got nothing: \(error)")
                            }
                            if intent == .toEnd(from: 0), bytes != nil {
                                try? await eventually { layout.size(of: digest) != nil }
                            }
                            inner.cancelAll()
                            return (index, bytes)
                        }
                    }
                }
                var results = [[UInt8]?](repeating: nil, count: count)
                for try await (index, bytes) in group { results[index] = bytes }
                return results
            }
        }
    }

    @Test(
        "get right bytes at once, and take far less than a copy each from upstream, little more than one in all if they know how long it is",
        arguments: [(true, 1.5), (false, 3)])
    func atOnce(knowSize: Bool, copies: Double) async throws {
        // A node that the machine keeps waiting takes the others for slow, and asks upstream, too: one try in three without is enough.
        var taken = Double.infinity
        for _ in 0..<3 where taken >= copies {
            let nodes = LinkedNodes(blob(48 * Self.MiB + 7))
            let results = try await pull(6, from: nodes, size: knowSize ? Int64(nodes.blob.count) : nil)
            for (index, bytes) in results.enumerated() {
                let wrong = bytes.flatMap { bytes in
                    zip(bytes, nodes.blob).enumerated().first { $0.element.0 != $0.element.1 }?.offset
                }
                #expect(
                    bytes == nodes.blob,
                    "node \(index): \(bytes?.count ?? -1) bytes, the first wrong one is \(wrong ?? -1)")
            }
            taken = min(taken, Double(nodes.upstreamBytes) / Double(nodes.blob.count))
        }
        #expect(taken < copies)
    }

    @Test("finish without one that dies")
    func death() async throws {
        let nodes = LinkedNodes(blob(32 * Self.MiB))
        let results = try await pull(5, from: nodes, killing: 1)
        #expect(results.dropFirst().allSatisfy { $0 == nodes.blob })
    }

    @Test("take everything from one that has it, with upstream off", arguments: [true, false])
    func oneHolder(hasChain: Bool) async throws {
        let blob = blob(24 * Self.MiB + 1)
        let nodes = LinkedNodes(
            blob, holders: [NodeID.random()], chain: hasChain ? chain(of: blob) : nil, isUpstreamOn: false)
        let results = try await pull(4, from: nodes)
        #expect(results.allSatisfy { $0 == blob })
    }

    @Test("read a part of what another holds, by its chain, without the rest")
    func lazy() async throws {
        let blob = blob(64 * Self.MiB)
        let nodes = LinkedNodes(blob, holders: [NodeID.random()], chain: chain(of: blob), isUpstreamOn: false)
        let range = Int64(50 * Self.MiB)..<Int64(51 * Self.MiB)
        let results = try await pull(1, from: nodes, intent: .closed(range))
        #expect(results.first??.elementsEqual(blob[50 * Self.MiB..<51 * Self.MiB]) == true)
        #expect(nodes.peerBytes <= 8 * Self.MiB, "one piece, or two")
    }

    @Test("read a part of what another holds without a chain, with upstream off, though none can show it to the other")
    func lazyWithoutChain() async throws {
        let blob = blob(24 * Self.MiB)
        let nodes = LinkedNodes(blob, holders: [NodeID.random()], isUpstreamOn: false)
        let range = Int64(18 * Self.MiB)..<Int64(19 * Self.MiB)
        let results = try await pull(2, from: nodes, intent: .closed(range))
        #expect(results.allSatisfy { $0?.elementsEqual(blob[18 * Self.MiB..<19 * Self.MiB]) == true })
    }

    @Test("read each a part of what another holds without a chain, where one has upstream and shows its part only")
    func partsWithoutChain() async throws {
        let blob = blob(24 * Self.MiB)
        let nodes = LinkedNodes(blob, holders: [NodeID.random()], isUpstreamOn: false)
        let ranges = [2, 18].map { Int64($0 * Self.MiB)..<Int64(($0 + 1) * Self.MiB) }
        let results = try await pull(
            2, from: nodes, intent: .closed(ranges[0]), otherIntent: .closed(ranges[1]), connectsFirst: true)
        #expect(results[0]?.elementsEqual(blob[2 * Self.MiB..<3 * Self.MiB]) == true)
        #expect(results[1]?.elementsEqual(blob[18 * Self.MiB..<19 * Self.MiB]) == true)
    }

    @Test("get right bytes though one passes on damaged pieces, and find out which", arguments: [true, false])
    func damage(hasChain: Bool) async throws {
        let blob = blob(40 * Self.MiB)
        let (good, bad) = (NodeID.random(), NodeID.random())
        let nodes = LinkedNodes(
            blob, holders: [good, bad], chain: hasChain ? chain(of: blob) : nil, damaging: [bad])
        let results = try await pull(2, from: nodes)
        #expect(results.allSatisfy { $0 == blob })
        #expect(nodes.blamed.contains(bad))
        if hasChain { #expect(!nodes.blamed.contains(good)) }
    }

    @Test("are not given a wrong byte by a forged chain where peers' bytes wait for the whole digest")
    func forgedChain() async throws {
        let blob = blob(20 * Self.MiB)
        var forged = blob
        forged[5 * Self.MiB] ^= 1
        let nodes = LinkedNodes(blob, holders: [NodeID.random()], chain: chain(of: forged))
        let results = try await pull(2, from: nodes, release: false)
        #expect(results.allSatisfy { $0 == blob })
    }

    @Test("follow the one that streams from an upstream that ignores ranges")
    func ignoredRanges() async throws {
        let nodes = LinkedNodes(blob(40 * Self.MiB), ignoresRanges: true)
        let results = try await pull(4, from: nodes)
        #expect(results.allSatisfy { $0 == nodes.blob })
    }
}
