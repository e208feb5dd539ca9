import Content
import Discovery
import Logging
import OCI
import Registry
import ServiceLifecycle
import Synchronization
import Transfer

/// Keeps the inventory in step with what the node holds: what may be offered is announced, what is gone is withdrawn.
final class Sharing: Service {
    /// The first change is announced at once; those that follow are gathered for so long. A pull makes dozens, a start thousands.
    static let pace: Duration = .milliseconds(100)
    /// So often all is looked at unasked: tags that upstream has confirmed get their new age, answers that are old are asked again.
    static let interval: Duration = .seconds(60)

    private let content: NodeContent
    private let inventory: Inventory
    private let publicImages: PublicImages
    private let upstream: UpstreamClient
    private let tags: TagMemory
    private let names: NameBook
    private let policy: Mutex<SharePolicy>
    private let arriving: ArrivingContent
    private let whenMore: @Sendable () -> Void
    private let changed = Signal()
    private let logger: Logger

    /// - Parameters:
    ///   - arriving: is told what may be shared of what is not here yet.
    ///   - whenMore: called when that has changed.
    init(
        content: NodeContent, inventory: Inventory, publicImages: PublicImages, upstream: UpstreamClient,
        tags: TagMemory, names: NameBook, policy: SharePolicy, arriving: ArrivingContent, logger: Logger,
        whenMore: @escaping @Sendable () -> Void = {}
    ) {
        self.content = content
        self.inventory = inventory
        self.publicImages = publicImages
        self.upstream = upstream
        self.tags = tags
        self.names = names
        self.policy = Mutex(policy)
        self.arriving = arriving
        self.whenMore = whenMore
        self.logger = logger
    }

    /// Puts another policy in force.
    func apply(_ new: SharePolicy) {
        policy.withLock { $0 = new }
        changed.raise()
    }

    func run() async throws {
        let (changes, named) = (content.changes(), names.changes())
        let (questions, ask) = AsyncStream<[PublicAnswers.Image]>.makeStream(bufferingPolicy: .bufferingNewest(1))
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    for await _ in changes { self.changed.raise() }
                }
                group.addTask {
                    for await _ in named { self.changed.raise() }
                }
                group.addTask {
                    while !Task.isCancelled {
                        self.changed.raise()
                        try? await Task.sleep(for: Self.interval)
                    }
                }
                // Asking upstream may take long; announcing must not wait for it.
                group.addTask {
                    var asking = PublicQuestions(
                        upstream: self.upstream, answers: self.publicImages, logger: self.logger)
                    for await images in questions { await asking.ask(images, whenNews: self.changed.raise) }
                }
                for await _ in self.changed.raised {
                    ask.yield(self.refresh())
                    try? await Task.sleep(for: Self.pace)
                }
            }
        }
    }

    /// Brings the inventory up to date.
    /// - Returns: what upstream has to say for the rest to be decided.
    private func refresh() -> [PublicAnswers.Image] {
        let policy = policy.withLock { $0 }
        let content = SharedContent(content, tags, names)
        let offer = policy.offer(content) { self.publicImages.isPublic($0, at: $1) }
        inventory.set(blobs: offer.blobs, references: offer.references)
        if arriving.update(offer, policy: policy) { whenMore() }
        return policy.questions(about: content)
    }
}

extension SharedContent {
    fileprivate init(_ content: NodeContent, _ tags: TagMemory, _ names: NameBook) {
        self.init(
            images: content.images().map(tags.confirmed), blobs: content.blobs(),
            children: { content.children(of: $0) }, origins: { content.origins(of: $0) },
            homes: { content.homes(of: $0) }, isProven: { content.isProven($0) }, localNames: names.table.all)
    }
}
