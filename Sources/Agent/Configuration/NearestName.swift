/// Which of the known names somebody meant.
enum NearestName {
    /// The closest name, where it is close enough to be worth a suggestion.
    ///
    /// A name that differs only by its table (`listen` for `mirror.listen`) counts as close when no other does.
    static func of(_ name: String, among known: [String]) -> String? {
        let limit = max(1, min(4, name.count / 3))
        let byDistance = known.map { (name: $0, distance: distance(name, $0)) }.min { $0.distance < $1.distance }
        if let nearest = byDistance, nearest.distance <= limit { return nearest.name }
        let last = lastComponent(name)
        return known.first { lastComponent($0) == last }
    }

    private static func lastComponent(_ name: String) -> Substring {
        name.split(separator: ".").last ?? ""
    }

    /// Levenshtein's distance; of a name that no key could be long enough for, the difference in length.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count <= 80 else { return left.count - right.count }
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let substituted = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
