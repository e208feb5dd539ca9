/// Two texts and how the second comes of the first, as `diff -u` writes it and `patch` reads it.
enum UnifiedDiff {
    private static let context = 3

    private enum Step {
        case keep, drop, add
    }

    /// - Parameter path: the file's; nil text: there is no such file.
    /// - Returns: nothing where the texts are the same.
    static func text(path: String, before: String?, after: String?) -> String {
        let old = LinedText(before ?? "").lines
        let new = LinedText(after ?? "").lines
        let steps = steps(old, new)
        let head = "--- \(before == nil ? "/dev/null" : path)\n+++ \(after == nil ? "/dev/null" : path)\n"
        guard steps.contains(where: { $0.step != .keep }) else { return (before == nil) == (after == nil) ? "" : head }
        var result = head
        for hunk in hunks(steps) { result += text(of: steps[hunk], old, new) }
        return result
    }

    /// Each line's fate, with the number of lines of both texts before it.
    private static func steps(_ old: [String], _ new: [String]) -> [(step: Step, old: Int, new: Int)] {
        let difference = new.map { Array($0.utf8) }.difference(from: old.map { Array($0.utf8) })
        var dropped = Set<Int>()
        var added = Set<Int>()
        for change in difference {
            switch change {
            case .remove(let offset, _, _): dropped.insert(offset)
            case .insert(let offset, _, _): added.insert(offset)
            }
        }
        var steps: [(step: Step, old: Int, new: Int)] = []
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if dropped.contains(i) {
                steps.append((.drop, i, j))
                i += 1
            } else if added.contains(j) {
                steps.append((.add, i, j))
                j += 1
            } else {
                steps.append((.keep, i, j))
                i += 1
                j += 1
            }
        }
        return steps
    }

    private static func hunks(_ steps: [(step: Step, old: Int, new: Int)]) -> [Range<Int>] {
        var hunks: [Range<Int>] = []
        for (index, entry) in steps.enumerated() where entry.step != .keep {
            let range = max(0, index - context)..<min(steps.count, index + context + 1)
            if let last = hunks.last, last.upperBound >= range.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        return hunks
    }

    private static func text(
        of steps: ArraySlice<(step: Step, old: Int, new: Int)>, _ old: [String], _ new: [String]
    ) -> String {
        guard let first = steps.first else { return "" }
        let olds = steps.count { $0.step != .add }
        let news = steps.count { $0.step != .drop }
        // A range of no lines is named by the line before it.
        let oldStart = olds == 0 ? first.old : first.old + 1
        let newStart = news == 0 ? first.new : first.new + 1
        var text = "@@ -\(oldStart),\(olds) +\(newStart),\(news) @@\n"
        for entry in steps {
            let (sign, line) =
                switch entry.step {
                case .keep: (" ", old[entry.old])
                case .drop: ("-", old[entry.old])
                case .add: ("+", new[entry.new])
                }
            text += sign + line
            if line.lineEnding.isEmpty { text += "\n\\ No newline at end of file\n" }
        }
        return text
    }
}
