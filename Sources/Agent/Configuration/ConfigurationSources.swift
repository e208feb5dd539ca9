public import SystemPackage
import TOML

/// Where a configuration is read from: a file, variables, `--set`. Later ones override earlier ones.
public struct ConfigurationSources: Sendable, Equatable {
    /// Read where no other file is named; need not exist.
    public static let defaultFile: FilePath = "/etc/shoal/config.toml"
    static let variablePrefix = "SHOAL_"
    private static let fileLimit = 1 << 20

    /// The file.
    public var file: FilePath
    /// Whether a missing file is an error.
    public var isFileRequired: Bool
    /// The variables that begin with `SHOAL_`; no others are kept.
    public let environment: [String: String]
    /// `key=value` each.
    public var settings: [String]

    /// - Parameters:
    ///   - file: the file that the operator named; nil: the default one, if there is one.
    ///   - environment: all variables of the process.
    ///   - settings: the arguments of `--set`, in order.
    public init(file: FilePath? = nil, environment: [String: String], settings: [String] = []) {
        self.file = file ?? Self.defaultFile
        isFileRequired = file != nil
        self.environment = environment.filter { $0.key.hasPrefix(Self.variablePrefix) }
        self.settings = settings
    }

    /// Reads the sources as they are now; for a reload, again.
    /// - Throws: the first thing that is wrong, in one line.
    public func load() throws(ConfigurationError) -> Configuration {
        try load(text: readFile())
    }

    /// As ``load()``, with the file's text given; nil: there is no file.
    func load(text: String?) throws(ConfigurationError) -> Configuration {
        var builder = ConfigurationBuilder()
        if let text {
            try builder.apply(file: TOMLDocument.configuration(text, place: file.string), path: file.string)
        }
        try builder.apply(environment: environment)
        for setting in settings { try builder.apply(setting: setting) }
        var configuration = try builder.finish()
        configuration.sources = self
        return configuration
    }

    private func readFile() throws(ConfigurationError) -> String? {
        do {
            let descriptor = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
            let bytes = try descriptor.closeAfter { try Self.read(descriptor) }
            guard let bytes else {
                throw unreadable("is larger than \(ByteSize(bytes: Int64(Self.fileLimit))): is it a configuration?")
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw unreadable("is not UTF-8: save it as UTF-8")
            }
            return text
        } catch Errno.noSuchFileOrDirectory where !isFileRequired {
            return nil
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw unreadable("cannot be read (\(error)): name a file that can with --config")
        }
    }

    private func unreadable(_ message: String) -> ConfigurationError {
        ConfigurationError(code: .unreadable, place: file.string, message: message)
    }

    /// The whole file; nil where it is longer than a configuration ever is.
    private static func read(_ file: FileDescriptor) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count <= fileLimit {
            let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            if chunk.isEmpty { return bytes }
            bytes += chunk
        }
        return nil
    }
}
