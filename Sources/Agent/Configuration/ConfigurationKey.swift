/// A key of the configuration: its name, what it means, and which value of `Root` it sets.
///
/// The tables of keys are the only place that knows them: parsing, variables, suggestions, the reload and the reference in
/// `docs/configuration.md` (checked by a test) all come from there.
struct ConfigurationKey<Root: Sendable>: Sendable {
    /// When a changed value counts.
    enum Change: Sendable, Equatable {
        /// After a restart of the agent.
        case restart
        /// After SIGHUP.
        case reload
    }

    /// The name within `Root`, such as `mirror.listen`.
    let name: String
    /// One line of Markdown.
    let meaning: String
    let change: Change
    let typeName: String
    let shape: ConfigurationShape
    /// Writes a value of the right kind into the root, or says what is wrong with it.
    let write: @Sendable (ConfigurationValue, inout Root) throws(ValueFault) -> Void
    /// The value in the root as the file would have it.
    let read: @Sendable (Root) -> ConfigurationValue

    init<Value: ConfigurationConvertible>(
        _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ meaning: String,
        change: Change = .restart
    ) {
        self.name = name
        self.meaning = meaning
        self.change = change
        typeName = Value.typeName
        shape = Value.shape
        write = { (value: ConfigurationValue, root: inout Root) throws(ValueFault) in
            root[keyPath: path] = try Value.parse(value)
        }
        read = { $0[keyPath: path].configurationValue }
    }

    /// A key whose value lies between two others.
    init<Value: ConfigurationConvertible & Comparable>(
        _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, within bounds: ClosedRange<Value>,
        _ meaning: String
    ) {
        self.name = name
        self.meaning = meaning
        change = .restart
        typeName = Value.typeName
        shape = Value.shape
        write = { (value: ConfigurationValue, root: inout Root) throws(ValueFault) in
            guard let parsed = Value(value), bounds.contains(parsed) else {
                let (least, most) = (bounds.lowerBound.configurationValue, bounds.upperBound.configurationValue)
                throw ValueFault(
                    code: value.shape == Value.shape ? .badValue : .wrongType,
                    text: "must be a \(Value.typeName) from \(least) to \(most), not \(value)")
            }
            root[keyPath: path] = parsed
        }
        read = { $0[keyPath: path].configurationValue }
    }

    /// The names of the tables around the key and its own.
    var path: [String] { name.split(separator: ".").map(String.init) }

    /// The environment variable that sets it: `SHOAL_MIRROR_LISTEN`.
    var variable: String {
        ConfigurationSources.variablePrefix + path.map { $0.uppercased() }.joined(separator: "_")
    }
}
