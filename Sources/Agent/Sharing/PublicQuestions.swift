import Logging
import OCI
import Transfer

/// Asks upstream whether it would hand images to anybody.
struct PublicQuestions {
    /// How many questions are open at once: a node that begins with hundreds of images must not look like an attack.
    static let width = 4
    /// After a question that upstream did not answer it is left alone for so long.
    static let patience: Duration = .seconds(60)
    /// So many answers may be lost in a crash.
    private static let saveEvery = 64

    let upstream: UpstreamClient
    let answers: PublicImages
    let logger: Logger
    /// Bounded by the images held: what is asked about no more is forgotten.
    private var postponed: [PublicAnswers.Image: ContinuousClock.Instant] = [:]

    init(upstream: UpstreamClient, answers: PublicImages, logger: Logger) {
        self.upstream = upstream
        self.answers = answers
        self.logger = logger
    }

    /// Asks about those of the images that there is no answer of today for. Where upstream is away, yesterday's stands.
    mutating func ask(_ images: [PublicAnswers.Image], whenNews: @Sendable () -> Void) async {
        var due = pending(images, now: .now)[...]
        let (upstream, logger) = (upstream, logger)
        await withTaskGroup(of: (image: PublicAnswers.Image, isPublic: Bool?).self) { group in
            func askNext() {
                while let image = due.popFirst() {
                    guard !upstream.isKnownUnreachable(image.origin.registry) else { continue }
                    return group.addTask { (image, await Self.answer(image, upstream, logger)) }
                }
            }
            for _ in 0..<Self.width { askNext() }
            var count = 0
            while let (image, isPublic) = await group.next(), !Task.isCancelled {
                count += 1
                if let isPublic {
                    if answers.record(isPublic, of: image, at: WallClock.now) { whenNews() }
                } else {
                    postponed[image] = .now.advanced(by: Self.patience)
                }
                if count.isMultiple(of: Self.saveEvery) { await answers.save() }
                askNext()
            }
        }
        await answers.save()
    }

    private mutating func pending(
        _ images: [PublicAnswers.Image], now: ContinuousClock.Instant
    ) -> [PublicAnswers.Image] {
        let wanted = Set(images)
        postponed = postponed.filter { wanted.contains($0.key) && $0.value > now }
        return answers.due(images, now: WallClock.now).filter { postponed[$0] == nil }
    }

    private static func answer(
        _ image: PublicAnswers.Image, _ upstream: UpstreamClient, _ logger: Logger
    ) async -> Bool? {
        do throws(UpstreamError) {
            return try await upstream.isPublic(image.digest, at: image.origin)
        } catch {
            logger.debug(
                "upstream did not say whether an image is public",
                metadata: ["image": "\(image.origin)@\(image.digest)", "reason": "\(error.message)"])
            return nil
        }
    }
}
