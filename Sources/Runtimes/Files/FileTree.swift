import Glibc
public import SystemPackage

/// The files of a machine, or of a folder that is laid out like one.
public struct FileTree: Sendable {
    /// What absolute paths begin at; `/` on a machine.
    let root: FilePath
    /// A configuration is never as long.
    private static let fileLimit = 4 << 20

    /// - Parameter root: the folder that stands for `/`.
    public init(root: FilePath = "/") { self.root = root }

    /// Where a path of this tree is on the machine.
    func place(_ path: FilePath) -> FilePath {
        root == "/" ? path : root.pushing(path.relative)
    }

    /// The text of a file; nil where there is none.
    /// - Throws: where it cannot be read, or is no text.
    func text(_ path: FilePath) throws(Refusal) -> String? {
        let bytes: [UInt8]
        do {
            let file = try FileDescriptor.open(place(path), .readOnly, options: [.closeOnExec, .nonBlocking])
            bytes = try file.closeAfter { try Self.read(file) }
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch let error as Errno where error == .isDirectory {
            throw Refusal(path, "is a folder where a file belongs: move it away")
        } catch let error as Errno where error == .permissionDenied || error == .notPermitted {
            throw Refusal(path, "cannot be read (\(error)): run this as root")
        } catch {
            throw Refusal(path, "cannot be read (\(error))")
        }
        guard bytes.count <= Self.fileLimit else { throw Refusal(path, "is too long for a configuration") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Refusal(path, line: Self.firstInvalidLine(bytes), "is not UTF-8: save it as UTF-8 and run this again")
        }
        return text
    }

    private static func read(_ file: FileDescriptor) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= fileLimit {
            let chunk = try [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
            if chunk.isEmpty { break }
            bytes += chunk
        }
        return bytes
    }

    private static func firstInvalidLine(_ bytes: [UInt8]) -> Int? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }.map { $0 + 1 }
    }

    /// Whether there is something at a path, links followed.
    func exists(_ path: FilePath) -> Bool {
        place(path).withPlatformString { access($0, F_OK) } == 0
    }

    /// The names in a folder, in order; none where there is no such folder.
    func names(in folder: FilePath) -> [String] {
        guard let stream = place(folder).withPlatformString({ opendir($0) }) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// How many of the folders that lead to a file are not there.
    func missingFolders(above file: FilePath) -> Int {
        var folder = file.removingLastComponent()
        var count = 0
        while !folder.components.isEmpty, !exists(folder) {
            count += 1
            folder.removeLastComponent()
        }
        return count
    }
}

extension FilePath {
    /// The path without the slash that it begins with.
    fileprivate var relative: FilePath {
        var path = self
        path.root = nil
        return path
    }
}
