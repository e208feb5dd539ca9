public import SystemPackage

/// A file that is left as it is, and why.
public struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file or folder.
    public let path: FilePath
    /// From 1; nil where it is about the whole file.
    public let line: Int?
    /// What is wrong and the mend: the rest of a sentence that begins with the place.
    public let reason: String

    init(_ path: FilePath, line: Int? = nil, _ reason: String) {
        self.path = path
        self.line = line
        self.reason = reason
    }

    init(_ path: FilePath, _ fault: TextFault) {
        self.init(path, line: fault.line, fault.reason)
    }

    /// `path:line: reason`
    public var description: String { "\(path)\(line.map { ":\($0)" } ?? ""): \(reason)" }
}
