import Archive
import Glibc
import OCI
import SystemPackage

/// A folder in OCI's layout, as the archive that it would be: nothing is copied, files are read when it is their turn.
struct LayoutFolder {
    /// What the archive is made of, one after the other.
    private(set) var segments: [ArchiveSource.Segment] = []

    /// - Throws: `.unreadable` where the folder is no layout, or a file of it cannot be looked at.
    init(_ folder: FilePath) throws(AdminClientError) {
        for name in ["oci-layout", "index.json"] { try add(name, of: folder) }
        guard !segments.isEmpty else {
            throw AdminClientError(
                .unreadable,
                "\(folder) is no folder in OCI's layout: it has no index.json; 'skopeo copy dir:FOLDER oci:OTHER' makes one"
            )
        }
        for algorithm in Digest.Algorithm.allCases {
            let blobs = folder.appending("blobs").appending(algorithm.rawValue)
            for name in try Self.names(in: blobs) where (try? Digest("\(algorithm.rawValue):\(name)")) != nil {
                try add("blobs/\(algorithm.rawValue)/\(name)", of: folder)
            }
        }
        segments.append(.bytes(TarWriter.end))
    }

    private mutating func add(_ name: String, of folder: FilePath) throws(AdminClientError) {
        let path = folder.appending(name)
        var status = stat()
        guard path.withPlatformString({ stat($0, &status) }) == 0 else {
            // Which of the two is missing is for the reader to say.
            guard errno == ENOENT else { throw SourceFile.unreadable(path.string, errno) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw AdminClientError(.unreadable, "\(path) is no file; remove it from the folder")
        }
        let size = Int64(status.st_size)
        segments += [.bytes(TarWriter.header(of: TarEntry(name: name, size: size))), .file(path, size: size)]
        let padding = TarWriter.padding(size)
        if padding > 0 { segments.append(.bytes([UInt8](repeating: 0, count: padding))) }
    }

    /// In their order; none where there is no such folder.
    private static func names(in folder: FilePath) throws(AdminClientError) -> [String] {
        guard let stream = folder.withPlatformString({ opendir($0) }) else {
            guard errno == ENOENT else { throw SourceFile.unreadable(folder.string, errno) }
            return []
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
                })
        }
        return names.sorted()
    }
}
