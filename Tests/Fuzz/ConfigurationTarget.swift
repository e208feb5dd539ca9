@testable import Agent

/// A configuration as an operator writes it: the text of `config.toml`, or (first byte) a variable's value or a `--set`. What is wrong
/// is told in one line; what is taken means the same when it is written out again.
enum ConfigurationTarget: FuzzTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first else { return }
        let text = String(decoding: input.dropFirst(), as: UTF8.self)
        switch first {
        case UInt8(ascii: "="): check(ConfigurationSources(environment: [:], settings: [text]), nil)
        case UInt8(ascii: "$"):
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return }
            check(ConfigurationSources(environment: ["SHOAL_\(parts[0])": String(parts[1])]), nil)
        default: check(ConfigurationSources(environment: [:]), text)
        }
    }

    private static func check(_ sources: ConfigurationSources, _ text: String?) {
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try sources.load(text: text)
        } catch {
            require(!error.description.unicodeScalars.contains { $0.value < 0x20 }, "not one line: \(error)")
            return
        }
        var copy = Configuration()
        for key in ConfigurationKey<Configuration>.all {
            do throws(ValueFault) {
                try key.write(key.read(configuration), &copy)
            } catch {
                fail("\(key.name) was taken, and is refused as it is written: \(error.text)")
            }
            require(key.read(copy) == key.read(configuration), "\(key.name) changes when it is written")
        }
    }
}
