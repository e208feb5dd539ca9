/// Where a value was set.
enum ConfigurationPlace: Sendable, Equatable, CustomStringConvertible {
    case file(String)
    case variable(String)
    case argument

    /// How a message begins.
    var description: String {
        switch self {
        case .file(let path): path
        case .variable(let name): name
        case .argument: "--set"
        }
    }
}
