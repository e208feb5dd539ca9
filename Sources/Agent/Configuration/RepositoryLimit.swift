/// How many repositories there may be in the local namespace.
public struct RepositoryLimit: Hashable, Sendable {
    /// From 0 to a million.
    public var count: Int
}

extension RepositoryLimit: ConfigurationConvertible {
    static var typeName: String { "number" }
    static var expectation: String { "a number from 0 to 1000000" }
    static var shape: ConfigurationShape { .integer }

    init?(_ value: ConfigurationValue) {
        guard case .integer(let count) = value, (0...1_000_000).contains(count) else { return nil }
        self.count = Int(count)
    }

    var configurationValue: ConfigurationValue { .integer(Int64(count)) }
}
