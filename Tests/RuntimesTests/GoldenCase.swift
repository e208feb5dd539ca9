import FoundationEssentials
import Glibc
import OCI
import Runtimes
import SystemPackage
import Testing

/// A folder of `Trees`: a machine's files before and after `shoal configure`, and what it was told.
struct GoldenCase: Sendable, CustomTestStringConvertible {
    let name: String
    private let folder: String
    private let lines: [(word: String, rest: String)]

    private static let trees = URL(filePath: #filePath).deletingLastPathComponent().path + "/Trees"
    /// All of them.
    static let all: [GoldenCase] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: trees)) ?? []
        return names.sorted().compactMap { try? GoldenCase(name: $0) }
    }()

    init(name: String) throws {
        self.name = name
        folder = Self.trees + "/" + name
        lines = try String(decoding: Data(contentsOf: URL(filePath: folder + "/case")), as: UTF8.self)
            .split(separator: "\n").map { line in
                let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
                return (parts[0], parts.count > 1 ? parts[1] : "")
            }
    }

    var testDescription: String { name }
    var before: String { folder + "/before" }
    /// Where the case says nothing else, nothing changes.
    var after: String { FileManager.default.fileExists(atPath: folder + "/after") ? folder + "/after" : before }
    /// What the remarks have in them.
    var remarks: [String] { rest("remark") }
    /// What the refusals begin with and have in them.
    var refusals: [String] { rest("refusal") }

    private func rest(_ word: String) -> [String] { lines.filter { $0.word == word }.map(\.rest) }

    /// A copy of a folder of the case, with what git does not keep: empty folders and modes.
    func copy(of source: String, to place: String) throws {
        if FileManager.default.fileExists(atPath: source) {
            try FileManager.default.copyItem(atPath: source, toPath: place)
        } else {
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        }
        for folder in rest("folder") {
            try FileManager.default.createDirectory(atPath: place + "/" + folder, withIntermediateDirectories: true)
        }
        for line in rest("mode") {
            let parts = line.split(separator: " ")
            guard let mode = mode_t(parts[0], radix: 8), chmod("\(place)/\(parts[1])", mode) == 0 else {
                throw Errno(rawValue: errno)
            }
        }
    }

    /// What the command would do there.
    func plan(undo: Bool, in tree: FileTree) throws -> RuntimePlan {
        let words = rest("configure")[0].split(separator: " ").map(String.init)
        func values(_ option: String) -> [String] {
            words.indices.filter { words[$0] == option }.map { words[$0 + 1] }
        }
        let names = try values("--registry").map { try RegistryName($0) }
        let registries = names.isEmpty ? RegistryChoice.all : .named(names)
        let config = values("--runtime-config").first.map { FilePath($0) }
        var mirror = Mirror(authority: "127.0.0.1:5050")
        for line in rest("upstream") {
            let parts = line.split(separator: " ")
            mirror.upstreams[try RegistryName(parts[0])] = String(parts[1])
        }
        switch words[0] {
        case "containerd":
            var setup = ContainerdSetup(mirror: mirror)
            setup.registries = registries
            setup.config = config
            setup.certsFolder = values("--certs-dir").first.map { FilePath($0) }
            setup.version = values("--containerd-version").first.flatMap { ContainerdVersion($0) }
            return undo ? setup.undoPlan(in: tree) : setup.plan(in: tree)
        case "k3s":
            var setup = K3sSetup(mirror: mirror)
            setup.registries = registries
            setup.config = config
            return undo ? setup.undoPlan(in: tree) : setup.plan(in: tree)
        case "docker":
            let setup = DockerSetup(mirror: Mirror(authority: "127.0.0.1:5054"))
            return undo ? setup.undoPlan(in: tree) : setup.plan(in: tree)
        default:
            var setup = PodmanSetup(mirror: mirror)
            setup.registries = registries
            return undo ? setup.undoPlan(in: tree) : setup.plan(in: tree)
        }
    }
}

/// Everything below a folder: files to the byte, links, modes.
struct TreeSnapshot: Equatable, CustomStringConvertible {
    private var entries: [String: String] = [:]

    init(_ folder: String) throws {
        guard let list = try? FileManager.default.subpathsOfDirectory(atPath: folder) else { return }
        for path in list {
            let place = folder + "/" + path
            var status = stat()
            guard lstat(place, &status) == 0 else { throw Errno(rawValue: errno) }
            let mode = String(status.st_mode & 0o777, radix: 8)
            switch status.st_mode & S_IFMT {
            case S_IFDIR: entries[path] = "folder"
            case S_IFLNK:
                entries[path] = "link to \(try FileManager.default.destinationOfSymbolicLink(atPath: place))"
            default:
                let bytes = try Data(contentsOf: URL(filePath: place))
                entries[path] = "\(mode) " + String(decoding: bytes, as: UTF8.self).debugDescription
            }
        }
    }

    var description: String {
        entries.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
    }
}

/// A folder of its own that goes with the last reference.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/shoal-runtimes-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
