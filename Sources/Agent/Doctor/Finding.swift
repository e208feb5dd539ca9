/// What one check came to: a line for the operator, and the mend where one is needed.
public struct Finding: Codable, Sendable, Equatable {
    /// How it stands.
    public enum Verdict: String, Codable, Sendable, Comparable {
        case ok, warning, fault

        public static func < (left: Self, right: Self) -> Bool { left.weight < right.weight }

        private var weight: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .fault: 2
            }
        }
    }

    /// What was looked at: a word that stays the same, for scripts.
    public var check: String
    public var verdict: Verdict
    /// What is so, and of what.
    public var message: String
    /// What to do; nil where nothing is to be done.
    public var mend: String?

    /// Makes a finding of its parts.
    public init(_ check: String, _ verdict: Verdict, _ message: String, mend: String? = nil) {
        self.check = check
        self.verdict = verdict
        self.message = message
        self.mend = mend
    }
}

/// All that `shoal doctor` found. The JSON is a contract: fields are only ever added.
public struct DoctorReport: Codable, Sendable, Equatable {
    /// Version of the form.
    public var schema = 1
    /// Whether there is no fault.
    public var healthy: Bool
    /// In the order in which they are to be mended.
    public var findings: [Finding]

    /// The report of these findings.
    public init(_ findings: [Finding]) {
        self.findings = findings
        healthy = !findings.contains { $0.verdict == .fault }
    }
}
