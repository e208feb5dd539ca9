public import Content

/// A reader that knows where its blob's bytes came from.
public protocol SourcedReader: BlobReader {
    /// Bytes by source: of the whole download where there is one, else those read from a store.
    var sources: SourceBytes { get }
    /// What became of the download so far; nil where the bytes are read from a store.
    var record: DownloadRecord? { get }
}
