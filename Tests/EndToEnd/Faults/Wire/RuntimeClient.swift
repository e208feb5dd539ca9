import FoundationEssentials
import Glibc
import Integrity
import OCI
import Synchronization

/// A client that does what containerd was seen to do: it asks the mirror first for every single object, goes on where a body ended short,
/// and to the registry where the mirror has no answer; and it knows what each byte must be.
struct RuntimeClient: Sendable {
    enum Ask: String, Sendable, CaseIterable {
        /// The manifest by its tag, and nothing else.
        case manifest
        /// All of the image, blobs whole.
        case blob
        /// The same, layers in three closed ranges as lazy pulling reads them.
        case range
    }

    struct Outcome: Sendable {
        /// All bytes came, and their digests hold.
        var isComplete = true
        /// Bytes that the client had to take for good, and that were not.
        var wrong = 0
        /// Wrong bytes that came, of an answer that never ended well.
        var spoilt = 0
        /// Objects that the registry itself had to give.
        var fallbacks = 0
        var problems: [String] = []

        mutating func add(_ other: Outcome) {
            isComplete = isComplete && other.isComplete
            wrong += other.wrong
            spoilt += other.spoilt
            fallbacks += other.fallbacks
            problems += other.problems
        }
    }

    /// So long may a mirror be silent before the pull has failed: CRI's own patience is longer.
    static let patience = Duration.seconds(100)

    let machine: String
    /// The registry's name in `ns`.
    let registry: String
    /// Where the registry is, past the mirror.
    var upstream: (address: String, port: UInt16)? = ("10.77.0.2", 80)
    var mirrorPort: UInt16 = 5050

    private static let mirror = "127.0.0.1"

    /// Pulls, blobs beside each other.
    func pull(_ image: FaultImage, _ ask: Ask = .blob) async -> Outcome {
        var outcome = await object(image, "manifests/\(FaultImage.tag)", image.manifest, isTag: true)
        guard outcome.isComplete, ask != .manifest else { return outcome }
        await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await object(image, "blobs/\(image.config.digest)", image.config) }
            for layer in image.layers {
                let size = layer.bytes.count
                let parts =
                    ask == .range && size > 3 ? [0..<size / 3, size / 3..<size - 1, size - 1..<size] : [0..<size]
                for part in parts {
                    group.addTask {
                        await object(image, "blobs/\(layer.digest)", layer, parts.count > 1 ? part : nil)
                    }
                }
            }
            for await part in group { outcome.add(part) }
        }
        return outcome
    }

    /// One object, or a part of it.
    func object(
        _ image: FaultImage, _ path: String, _ blob: FaultImage.Blob, _ part: Range<Int>? = nil, isTag: Bool = false
    ) async -> Outcome {
        let whole = part ?? 0..<blob.bytes.count
        do {
            return try await NamespaceThread.run(on: machine) {
                var transfer = Transfer(client: self, image: image, path: path, blob: blob, part: part, wanted: whole)
                transfer.run(isTag: isTag)
                return transfer.outcome
            }
        } catch {
            return Outcome(isComplete: false, problems: ["\(error)"])
        }
    }

    /// One object on its way. It blocks.
    private struct Transfer {
        let client: RuntimeClient
        let image: FaultImage
        let path: String
        let blob: FaultImage.Blob
        let part: Range<Int>?
        let wanted: Range<Int>
        var outcome = Outcome()
        private var received: [UInt8] = []
        /// What was here when the last answer began.
        private var answerStart = 0

        init(
            client: RuntimeClient, image: FaultImage, path: String, blob: FaultImage.Blob, part: Range<Int>?,
            wanted: Range<Int>
        ) {
            self.client = client
            self.image = image
            self.path = path
            self.blob = blob
            self.part = part
            self.wanted = wanted
        }

        enum Step {
            case done
            case resume
            case nextHost
            case failed(String)
        }

        mutating func run(isTag: Bool) {
            let hosts: [(address: String, port: UInt16)?] = [
                (RuntimeClient.mirror, client.mirrorPort), client.upstream,
            ]
            var isFirst = true
            for case .some(let host) in hosts {
                if !isFirst { outcome.fallbacks += 1 }
                var idle = 0
                asking: while true {
                    let before = received.count
                    let step = ask(host, viaMirror: isFirst)
                    idle = received.count > before ? 0 : idle + 1
                    switch step {
                    case .done: return judge()
                    case .nextHost: break asking
                    case .failed(let problem): return fail(problem)
                    case .resume where idle >= 4: return fail("four answers in a row had nothing in them")
                    case .resume: continue
                    }
                }
                isFirst = false
            }
            fail("nobody gives it: \(outcome.problems.last ?? "")")
        }

        private mutating func fail(_ problem: String) {
            outcome.isComplete = false
            outcome.problems.append("\(path): \(problem)")
            outcome.spoilt += wrong(received.indices)
        }

        /// How many bytes of a part of what came are not what they must be.
        private func wrong(_ part: Range<Int>) -> Int {
            guard
                !received[part].elementsEqual(
                    blob.bytes[wanted][(wanted.lowerBound + part.lowerBound)...].prefix(part.count))
            else { return 0 }
            return part.count { received[$0] != blob.bytes[wanted.lowerBound + $0] }
        }

        private mutating func judge() {
            let (spoilt, wrong) = (wrong(0..<answerStart), wrong(answerStart..<received.count))
            guard spoilt + wrong > 0 else { return }
            outcome.isComplete = false
            // An answer that ended short has promised nothing; one that came to its end has.
            outcome.spoilt += spoilt
            outcome.wrong += wrong
            outcome.problems.append("\(path): \(wrong) bytes of the answer that ended well are wrong, \(spoilt) before")
        }

        /// Names of the local namespace belong to no registry.
        private func question(_ viaMirror: Bool) -> String {
            viaMirror && !client.registry.isEmpty ? "?ns=\(client.registry)" : ""
        }

        private mutating func ask(_ host: (address: String, port: UInt16), viaMirror: Bool) -> Step {
            do {
                let wire = try Wire(to: host.address, port: host.port)
                let start = wanted.lowerBound + received.count
                answerStart = received.count
                var request = MessageHead(
                    "GET /v2/\(image.repository)/\(path)\(question(viaMirror)) HTTP/1.1",
                    [
                        ("Host", viaMirror ? "127.0.0.1:\(host.port)" : "registry.test"),
                        ("Accept", "\(FaultImage.manifestType), */*"), ("Connection", "close"),
                    ])
                let end = part == nil ? "" : "\(wanted.upperBound - 1)"
                if part != nil || !received.isEmpty { request["Range"] = "bytes=\(start)-\(end)" }
                try wire.write(request.text)
                guard let text = try wire.readHead(within: RuntimeClient.patience) else { return .nextHost }
                let head = MessageHead(text)
                guard head.status == 200 || head.status == 206 else {
                    outcome.problems.append("\(path): \(viaMirror ? "mirror" : "registry") \(head.status)")
                    return .nextHost
                }
                // A whole answer to the question for the rest: what is here already is passed over.
                var skip = head.status == 200 ? start : 0
                while received.count < wanted.count {
                    var bytes = try wire.read(within: RuntimeClient.patience)[...]
                    guard !bytes.isEmpty else { return .resume }
                    let passed = min(skip, bytes.count)
                    skip -= passed
                    bytes = bytes.dropFirst(passed)
                    received += bytes.prefix(wanted.count - received.count)
                }
                return .done
            } catch Wire.Failure.refused {
                outcome.problems.append("\(path): \(viaMirror ? "mirror" : "registry") refused")
                return .nextHost
            } catch Wire.Failure.reset {
                // containerd gives up at once where that happens in mid-body, and asks the next host before.
                return received.count == answerStart
                    ? .nextHost : .failed("a RST after \(received.count) of \(wanted.count) bytes")
            } catch Wire.Failure.silent {
                return .failed("silence for \(RuntimeClient.patience)")
            } catch {
                return .nextHost
            }
        }
    }
}
