/// A repository's `<name>` as the distribution specification has it: components of lower-case letters and digits,
/// joined inside by `.`, `_`, `__` or hyphens, separated by `/`; at most 255 bytes in all.
public struct RepositoryName: TextualValue {
    /// Longest name in bytes.
    public static let maximumLength = 255

    public let description: String

    /// Parses a name.
    /// - Throws: `.nameInvalid` with what the grammar forbids.
    public init(_ text: some StringProtocol) throws(OCIError) {
        let name = String(text)
        let bytes = name.utf8
        guard !bytes.isEmpty else {
            throw OCIError(code: .nameInvalid, message: "repository name is empty")
        }
        guard bytes.count <= Self.maximumLength else {
            throw OCIError(
                code: .nameInvalid,
                message: "repository name \(Excerpt(name)) has \(bytes.count) bytes; "
                    + "at most \(Self.maximumLength) are allowed")
        }
        for component in bytes.split(separator: .slash, omittingEmptySubsequences: false) {
            if let fault = Self.fault(in: component) {
                throw OCIError(code: .nameInvalid, message: "repository name \(Excerpt(name)) is not valid: \(fault)")
            }
        }
        description = name
    }

    private init(checked: Substring) {
        description = String(checked)
    }

    /// The parts between the slashes; at least one.
    public var components: [Substring] {
        description.utf8.split(separator: .slash).map { Substring($0) }
    }

    /// What stands before the first slash, or the whole name.
    public var firstComponent: Substring {
        Substring(description.utf8.prefix { $0 != .slash })
    }

    /// What stands behind the first slash; nil where there is none.
    public var droppingFirstComponent: RepositoryName? {
        guard let slash = description.utf8.firstIndex(of: .slash) else { return nil }
        return RepositoryName(checked: description[description.utf8.index(after: slash)...])
    }

    /// What `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` forbids in a component; nil if it is one.
    private static func fault(in component: Substring.UTF8View) -> String? {
        guard let first = component.first, let last = component.last else {
            return "it has an empty component; write one '/' between two components and none at the ends"
        }
        var previous: UInt8 = first
        var run = 0  // how many separators end at `previous`
        for byte in component {
            switch byte {
            case _ where byte.isASCIILower || byte.isASCIIDigit:
                run = 0
            case _ where byte.isASCIIUpper:
                return "it must be lower case"
            case .dot, .underscore, .hyphen:
                run += 1
                guard run == 1 || (byte == previous && (byte == .hyphen || (byte == .underscore && run == 2))) else {
                    return "between letters and digits stand '.', '_', '__' or hyphens, never a mixture or '..'"
                }
            default:
                return "only a-z, 0-9, '.', '_', '-' and '/' are allowed"
            }
            previous = byte
        }
        guard first.isASCIILower || first.isASCIIDigit, last.isASCIILower || last.isASCIIDigit else {
            return "a component begins and ends with a letter or a digit"
        }
        return nil
    }
}
