import OCI

/// The images by name, as `shoal images` prints them.
public struct ImagesText: Sendable {
    private let snapshot: ImagesSnapshot

    /// Renders this answer.
    public init(_ snapshot: ImagesSnapshot) {
        self.snapshot = snapshot
    }

    /// The text, every line ended.
    public func render(_ style: TextStyle) -> String {
        guard !snapshot.images.isEmpty else {
            return "No image is known here yet: pull one through the mirror, push one to it, or run shoal load.\n"
        }
        var table = TextTable(columns: [
            .init(title: "IMAGE", minimum: 24), .init(title: "DIGEST", minimum: 12),
            .init(title: "SIZE", isNumber: true), .init(title: "HERE"), .init(title: "COPIES", isNumber: true),
            .init(title: "KEPT"),
        ])
        table.rows = snapshot.images.map { image in
            let kept = [image.pushed ? "pushed" : nil, image.pinned ? "pinned" : nil].compactMap(\.self)
            return [
                .init(image.name), .init(image.digest.short), .init(image.size > 0 ? Figures.bytes(image.size) : "-"),
                .init(image.here ? "yes" : image.size > 0 ? "part" : "no", image.here ? .green : nil),
                .init("\(image.copies)"), .init(kept.isEmpty ? "-" : kept.joined(separator: ", ")),
            ]
        }
        return table.lines(style).map { $0 + "\n" }.joined()
    }
}
