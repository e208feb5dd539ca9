import Transfer

/// Prometheus' text format, version 0.0.4: metrics one after another, each with what it is.
struct Exposition {
    enum Kind: String {
        case counter, gauge
    }

    struct Sample {
        var value: String
        var labels: KeyValuePairs<String, String>

        init(_ value: some BinaryInteger, _ labels: KeyValuePairs<String, String> = [:]) {
            self.value = "\(value)"
            self.labels = labels
        }

        init(seconds value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
            self.value = "\(value)"
            self.labels = labels
        }
    }

    /// Every line ended.
    private(set) var text = ""

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        begin(name, kind.rawValue, help)
        for sample in samples { add(name, sample) }
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
        add(name, kind, help, [Sample(value)])
    }

    mutating func add(_ name: String, _ help: String, _ histogram: Histogram) {
        begin(name, "histogram", help)
        // The format wants of each bucket those of the smaller ones, too.
        var sum: Int64 = 0
        for (bound, count) in zip(Histogram.bounds.map { "\($0)" } + ["+Inf"], histogram.counts) {
            sum += count
            add("\(name)_bucket", Sample(sum, ["le": bound]))
        }
        add("\(name)_sum", Sample(seconds: histogram.sum))
        add("\(name)_count", Sample(sum))
    }

    private mutating func begin(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    private mutating func add(_ name: String, _ sample: Sample) {
        let labels = sample.labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        text += labels.isEmpty ? "\(name) \(sample.value)\n" : "\(name){\(labels)} \(sample.value)\n"
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }
}
