import Testing

@testable import OCI

@Suite struct AcceptEncodingTests {
    @Test(
        "gzip is taken where it is named, or anything is, and not with q=0",
        arguments: [
            (["gzip"], true), (["GZip"], true), (["deflate, gzip;q=0.5"], true), (["br", "gzip ; q=1.000"], true),
            (["*"], true), (["*;q=0, gzip"], true), (["gzip;q=0, *"], false), (["gzip;q=0"], false),
            (["gzip;q=0.000"], false), (["identity"], false), ([], false), ([""], false), (["gzipped"], false),
            (["gzip;q=2"], false), (["gzip;level=9"], false), (["gzip zstd"], false), ([", ,gzip"], true),
        ] as [([String], Bool)])
    func gzip(values: [String], isTaken: Bool) {
        #expect(AcceptEncoding(values: values).accepts("gzip") == isTaken)
    }

    @Test("a header that never ends is read to a bound")
    func long() {
        let names = (0..<10_000).map { "c\($0)" }.joined(separator: ",")
        #expect(!AcceptEncoding(values: [names + ",gzip"]).accepts("gzip"))
    }
}
