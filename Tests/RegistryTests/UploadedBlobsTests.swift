import OCI
import Testing

@testable import Registry

@Suite("Blobs that clients have brought")
struct UploadedBlobsTests {
    private let now = ContinuousClock.now

    @Test("are known for a day")
    func time() {
        var blobs = UploadedBlobs()
        blobs.insert(Sample.digest("a"), now: now)
        #expect(blobs.contains(Sample.digest("a"), now: now.advanced(by: .seconds(86_399))))
        #expect(!blobs.contains(Sample.digest("a"), now: now.advanced(by: .seconds(86_400))))
        #expect(!blobs.contains(Sample.digest("b"), now: now))
    }

    @Test("are no more than so many: the oldest go first")
    func bounded() {
        var blobs = UploadedBlobs(limit: 3)
        for (number, letter) in "abcd".enumerated() {
            blobs.insert(Sample.digest(letter), now: now.advanced(by: .seconds(number)))
        }
        let later = now.advanced(by: .seconds(10))
        let known = "abcd".filter { blobs.contains(Sample.digest($0), now: later) }
        #expect(known == "bcd")
    }
}
