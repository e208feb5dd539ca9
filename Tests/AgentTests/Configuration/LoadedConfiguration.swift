import SystemPackage
import Testing

@testable import Agent

/// A configuration of these sources, the file called `config.toml`.
func load(
    _ text: String? = nil, environment: [String: String] = [:], settings: [String] = []
) throws(ConfigurationError) -> Configuration {
    try ConfigurationSources(file: "config.toml", environment: environment, settings: settings).load(text: text)
}

/// The one line that a configuration is refused with; nil where it is not.
func refusal(
    _ text: String? = nil, environment: [String: String] = [:], settings: [String] = []
) -> String? {
    do {
        _ = try load(text, environment: environment, settings: settings)
        return nil
    } catch {
        return error.description
    }
}
