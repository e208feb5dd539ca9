import Content
import Discovery
import OCI
import Synchronization
import Testing

@testable import Transfer

@Suite("The pieces of a blob that is arriving")
struct ArrivingBlobsTests {
    /// Answers with one page after another.
    private final class Pages: ArrivingBlobs {
        private let pages: Mutex<[PieceReport]>
        private let asked = Mutex<[String]>([])

        init(_ pages: [PieceReport]) { self.pages = Mutex(pages) }

        var questions: [String] { asked.withLock { $0 } }

        func pieceReport(of digest: Digest, began: UInt64?, since: Int, asker: NodeID?) -> PieceReport? {
            asked.withLock { $0.append("\(began.map(String.init) ?? "-") \(since) \(asker?.hex ?? "-")") }
            return pages.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }

        func openArriving(
            _ digest: Digest, range: Range<Int64>, wait: Duration
        ) async throws -> (any BlobReader)? { nil }

        func otherHolders(of digest: Digest, piece: Int) -> [NodeID] { [] }
    }

    private let digest: Digest

    init() throws {
        digest = try Digest("sha256:" + String(repeating: "1", count: 64))
    }

    private static func page(
        began: UInt64 = 1, since: Int, _ pieces: [Int], hasMore: Bool = false, size: Int64 = 40 << 20
    ) -> PieceReport {
        PieceReport(
            size: size, began: began, since: since,
            arrivals: pieces.map { PieceReport.Arrival(piece: $0, sum: nil, origin: nil) }, hasMore: hasMore,
            fetching: "", upstream: true)
    }

    @Test("Are put together from all pages of the log, and nobody is noted as asking")
    func pages() {
        let pages = Pages([
            Self.page(since: 0, [4, 0], hasMore: true), Self.page(since: 2, [1, 9], hasMore: true),
            Self.page(since: 4, [8, 10]),
        ])
        let arriving = pages.pieces(of: digest)
        #expect(arriving?.size == 40 << 20)
        #expect(arriving?.pieces.text == "0-1,4,8-9")
        #expect(pages.questions == ["- 0 -", "1 2 -", "1 4 -"])
    }

    @Test("Are those of the log that began last")
    func anew() {
        let pages = Pages([Self.page(since: 0, [4, 0], hasMore: true), Self.page(began: 2, since: 0, [5])])
        #expect(pages.pieces(of: digest)?.pieces.text == "5")
    }

    @Test("Are as far as is known those of a log that ends between two pages")
    func gone() {
        let pages = Pages([Self.page(since: 0, [4, 0], hasMore: true)])
        #expect(pages.pieces(of: digest)?.pieces.text == "0,4")
        #expect(pages.pieces(of: digest) == nil)
    }
}
