/// How many uploads to peers may run at once; at least one.
public struct UploadLimit: Hashable, Sendable {
    /// From 1 to 65536.
    public var count: Int
}

extension UploadLimit: ConfigurationConvertible {
    static var typeName: String { "number" }
    static var expectation: String { "a number from 1 to 65536" }
    static var shape: ConfigurationShape { .integer }

    init?(_ value: ConfigurationValue) {
        guard case .integer(let count) = value, (1...65536).contains(count) else { return nil }
        self.count = Int(count)
    }

    var configurationValue: ConfigurationValue { .integer(Int64(count)) }
}
