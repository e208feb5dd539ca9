/// A region of an open file, as `sendfile` takes it.
public struct FileSlice: Sendable {
    /// The file. Holding the slice keeps it open.
    public var file: OpenFile
    /// Where the region begins, in bytes.
    public var offset: Int64
    /// How many bytes it has.
    public var length: Int64

    /// Makes a slice; nothing is checked.
    public init(file: OpenFile, offset: Int64, length: Int64) {
        self.file = file
        self.offset = offset
        self.length = length
    }
}
