import OCI

/// Puts a configuration together from layers, each overriding the one before: file, environment, `--set`.
struct ConfigurationBuilder {
    private(set) var configuration = Configuration()
    /// The spelling that named each registry first.
    private var registrySpellings: [RegistryName: String] = [:]

    /// Takes a parsed file.
    mutating func apply(file tables: [String: ConfigurationValue], path: String) throws(ConfigurationError) {
        try apply(tables, under: [], place: .file(path))
    }

    /// Takes the variables that begin with `SHOAL_`. What none of them means is a warning: an orchestrator that knows a
    /// service named "shoal" sets `SHOAL_PORT` and others by itself.
    mutating func apply(environment: [String: String]) throws(ConfigurationError) {
        let keys = ConfigurationKey<Configuration>.all
        let byVariable = Dictionary(uniqueKeysWithValues: keys.map { ($0.variable, $0) })
        for (name, text) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(ConfigurationSources.variablePrefix) {
            if let key = byVariable[name] {
                try set(key, to: ConfigurationValue(text: text, shape: key.shape), place: .variable(name))
            } else if name.hasPrefix(ConfigurationSources.variablePrefix + "UPSTREAM_") {
                warn("\(name) is ignored: upstream tables are set in the file or with --set")
            } else {
                warn("\(name) is ignored: no key has this variable" + suggestion(name, byVariable.keys.sorted()))
            }
        }
    }

    /// Takes one `key=value` of `--set`.
    mutating func apply(setting: String) throws(ConfigurationError) {
        guard let assignment = DottedAssignment(setting) else {
            throw ConfigurationError(
                code: .syntax, place: ConfigurationPlace.argument.description,
                message: "wants key=value such as store.capacity=50GB, the registry of an upstream table in quotes: "
                    + "'upstream.\"localhost:5000\".plain_http=true'")
        }
        let name = assignment.path.joined(separator: ".")
        let shape =
            ConfigurationKey<Configuration>.byName[name]?.shape
            ?? assignment.path.last.flatMap { ConfigurationKey<Configuration.Upstream>.byName[$0]?.shape } ?? .string
        let value = ConfigurationValue(text: assignment.value, shape: shape)
        try apply(value, at: assignment.path, place: .argument)
    }

    /// Checks what only the whole can tell.
    consuming func finish() throws(ConfigurationError) -> Configuration {
        let rules = ConfigurationRules(configuration)
        try rules.check()
        configuration.warnings += rules.warnings
        return configuration
    }

    private mutating func apply(
        _ table: [String: ConfigurationValue], under path: [String], place: ConfigurationPlace
    ) throws(ConfigurationError) {
        for (name, value) in table.sorted(by: { $0.key < $1.key }) {
            try apply(value, at: path + [name], place: place)
        }
    }

    private mutating func apply(
        _ value: ConfigurationValue, at path: [String], place: ConfigurationPlace
    ) throws(ConfigurationError) {
        if path.first == "upstream" { return try applyUpstream(value, at: path, place: place) }
        let name = TOMLText.dotted(path)
        if let key = ConfigurationKey<Configuration>.byName[name] {
            try set(key, to: value, place: place)
        } else if ConfigurationKey<Configuration>.tables.contains(name) {
            guard case .table(let inner) = value else { throw notATable(name, place) }
            try apply(inner, under: path, place: place)
        } else {
            throw unknown(name, place)
        }
    }

    private mutating func applyUpstream(
        _ value: ConfigurationValue, at path: [String], place: ConfigurationPlace
    ) throws(ConfigurationError) {
        let name = TOMLText.dotted(path)
        switch (path.count, value) {
        case (1, .table(let registries)):
            try apply(registries, under: path, place: place)
        case (2, .table(let keys)):
            // A registry that is named and given nothing is configured all the same.
            _ = try upstream(path[1], place: place)
            try apply(keys, under: path, place: place)
        case (1, _), (2, _):
            throw notATable(path.count == 1 ? "upstream.\"registry.example.com\"" : name, place)
        default:
            guard path.count == 3, let key = ConfigurationKey<Configuration.Upstream>.byName[path[2]] else {
                throw unknownInUpstream(value, at: path, place: place)
            }
            let registry = try upstream(path[1], place: place)
            var table = configuration.upstream[registry] ?? Configuration.Upstream()
            do {
                try key.write(value, &table)
            } catch {
                throw ConfigurationError(code: error.code, place: place.description, message: "\(name) \(error.text)")
            }
            configuration.upstream[registry] = table
            configuration.places[TOMLText.dotted(["upstream", registry.description, key.name])] = place
        }
    }

    /// The registry that a table is named after, entered if it is new.
    private mutating func upstream(
        _ text: String, place: ConfigurationPlace
    ) throws(ConfigurationError) -> RegistryName {
        let registry: RegistryName
        do {
            registry = try RegistryName(text)
        } catch {
            throw ConfigurationError(
                code: .badValue, place: place.description, message: "[upstream.…]: \(error.message)")
        }
        if place != .argument, let first = registrySpellings[registry], first != text {
            throw ConfigurationError(
                code: .conflict, place: place.description,
                message: "\(TOMLText.dotted(["upstream", first])) and \(TOMLText.dotted(["upstream", text])) "
                    + "are the same registry: put their keys into one table")
        }
        registrySpellings[registry] = registrySpellings[registry] ?? text
        configuration.upstream[registry] = configuration.upstream[registry] ?? Configuration.Upstream()
        return registry
    }

    private mutating func set(
        _ key: ConfigurationKey<Configuration>, to value: ConfigurationValue, place: ConfigurationPlace
    ) throws(ConfigurationError) {
        do {
            try key.write(value, &configuration)
        } catch {
            throw ConfigurationError(code: error.code, place: place.description, message: "\(key.name) \(error.text)")
        }
        configuration.places[key.name] = place
    }

    private mutating func warn(_ warning: String) {
        configuration.warnings.append(warning)
    }
}

extension ConfigurationBuilder {
    private func notATable(_ name: String, _ place: ConfigurationPlace) -> ConfigurationError {
        ConfigurationError(
            code: .wrongType, place: place.description,
            message: "\(name) is a table: write [\(name)] on a line of its own and its keys below it")
    }

    private func unknown(_ name: String, _ place: ConfigurationPlace) -> ConfigurationError {
        let known = ConfigurationKey<Configuration>.all.map(\.name)
        return ConfigurationError(
            code: .unknownKey, place: place.description, message: "\(name) is not a key" + suggestion(name, known))
    }

    private func unknownInUpstream(
        _ value: ConfigurationValue, at path: [String], place: ConfigurationPlace
    ) -> ConfigurationError {
        let name = TOMLText.dotted(path)
        if case .table = value {
            let registry = path.dropFirst() + Self.onlyTables(in: value)
            return ConfigurationError(
                code: .unknownKey, place: place.description,
                message: "\(name) is not a key: put the whole name of the registry in quotes, "
                    + "[upstream.\(TOMLText.quoted(registry.joined(separator: ".")))]")
        }
        if path.count > 3 {
            let registry = path[1..<(path.count - 1)].joined(separator: ".")
            return ConfigurationError(
                code: .unknownKey, place: place.description,
                message: "\(name) is not a key: put the whole name of the registry in quotes, "
                    + TOMLText.dotted(["upstream", registry, path[path.count - 1]]))
        }
        let known = ConfigurationKey<Configuration.Upstream>.all.map(\.name)
        return ConfigurationError(
            code: .unknownKey, place: place.description,
            message: "\(name) is not a key" + suggestion(path[path.count - 1], known))
    }

    /// [upstream.registry.example.com] is TOML for a table in a table in a table: the names from here down.
    private static func onlyTables(in value: ConfigurationValue) -> [String] {
        var names: [String] = []
        var value = value
        while case .table(let tables) = value, tables.count == 1, let (name, inner) = tables.first,
            case .table = inner
        {
            names.append(name)
            value = inner
        }
        return names
    }

    private func suggestion(_ name: String, _ known: [String]) -> String {
        NearestName.of(name, among: known).map { "; did you mean \($0)?" } ?? ""
    }
}
