/// A value of a TOML document. The order of a table's keys is not kept.
public enum TOMLValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case boolean(Bool)
    case list([TOMLValue])
    case table([String: TOMLValue])
    /// A date or a fraction, as it was written.
    case other(String)
}

extension TOMLValue {
    /// The text of a string.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The entries of a list.
    public var list: [TOMLValue]? {
        guard case .list(let entries) = self else { return nil }
        return entries
    }

    /// The entries of a table.
    public var table: [String: TOMLValue]? {
        guard case .table(let entries) = self else { return nil }
        return entries
    }

    /// What stands at the end of a path of tables.
    public subscript(_ path: [String]) -> TOMLValue? {
        guard let first = path.first else { return self }
        return table?[first]?[Array(path.dropFirst())]
    }
}
