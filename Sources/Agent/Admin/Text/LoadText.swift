/// A load as `shoal load` prints it: a line for each name, and on a terminal how far it is.
public struct LoadText: Sendable {
    /// Of the archive; nil where nobody knows it.
    private let length: Int64?
    private var last: LoadProgress?

    public init(length: Int64?) {
        self.length = length
    }

    /// What stays, for an event; may be nothing.
    public func line(_ event: LoadEvent) -> String {
        guard case .image(let image) = event else { return "" }
        return "\(image.name.escapingControls)  \(image.digest)  \(Figures.bytes(image.size))\n"
    }

    /// What is drawn over: `63%  140 MB of 220 MB  32.0 MB/s`; nil where an event does not change it.
    public mutating func progress(_ event: LoadEvent) -> String? {
        guard case .progress(let progress) = event else { return nil }
        let before = last ?? LoadProgress(bytes: 0, seconds: 0)
        last = progress
        var parts: [String] = []
        if let length, length > 0 {
            parts.append("\(min(100, Figures.percent(progress.bytes, of: length) ?? 0))%")
            parts.append("\(Figures.bytes(progress.bytes)) of \(Figures.bytes(length))")
        } else {
            parts.append(Figures.bytes(progress.bytes))
        }
        let seconds = progress.seconds - before.seconds
        if seconds > 0 { parts.append("\(Figures.bytes(Int64(Double(progress.bytes - before.bytes) / seconds)))/s") }
        return parts.joined(separator: "  ")
    }

    /// `Saved 2 images to app.tar, 220 MB`
    public static func saved(_ images: Int, to file: String, bytes: Int64) -> String {
        "Saved \(Figures.count(images, "image")) to \(file.escapingControls), \(Figures.bytes(bytes))\n"
    }
}
