import Glibc
public import OCI
public import SystemPackage

/// The folder where pushed blobs arrive whose digest nobody knows yet. What is there when an agent ends is there for the next one.
///
/// Two files for an upload: its bytes, and a small one that says which repository it was begun in. Everything here blocks.
public struct UploadFolder: Sendable {
    /// Longer is no repository's name.
    private static let repositoryLimit: Int64 = 512

    private let folder: Folder

    /// Opens the folder, making it where it is missing.
    /// - Throws: `.unusable` where it cannot be made or written to.
    public init(directory: FilePath) throws(ContentError) {
        folder = try Folder(making: directory)
    }

    /// Begins an upload.
    public func create(_ name: UploadName, in repository: RepositoryName) throws(ContentError) -> UploadFile {
        let place = place(of: name)
        do throws(ContentError) {
            let note = try OpenFile.open(place.note, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            let text = Array(repository.description.utf8)
            try text.withUnsafeBufferPointer { (bytes) throws(ContentError) in
                try note.write(UnsafeRawBufferPointer(bytes), at: 0)
            }
            let file = try OpenFile.open(place.bytes, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            return UploadFile(file: file, place: place, count: 0, hashed: true)
        } catch {
            place.remove()
            throw error
        }
    }

    /// What an agent before this one has left, and how old it is: when its last byte came, in seconds since 1970 by this node's clock.
    /// What makes no sense is removed.
    public func leftovers() throws(ContentError) -> [(
        name: UploadName, repository: RepositoryName, file: UploadFile, used: Int64
    )] {
        var found: [(name: UploadName, repository: RepositoryName, file: UploadFile, used: Int64)] = []
        for entry in try folder.entries() where entry.kind == .file {
            let text = entry.name.string
            if let dot = text.utf8.firstIndex(of: UInt8(ascii: ".")) {
                // A note without bytes: the agent died in between, or the bytes became a blob.
                guard let name = UploadName(text[..<dot]), !exists(place(of: name).bytes) else { continue }
                try Folder.remove(folder.path.appending(entry.name))
                continue
            }
            guard let name = UploadName(text) else { continue }
            let place = place(of: name)
            guard let repository = repository(place), let file = try? OpenFile.open(place.bytes, O_RDWR | O_NOFOLLOW)
            else {
                place.remove()
                continue
            }
            found.append(
                (
                    name, repository,
                    UploadFile(file: file, place: place, count: entry.identity.size, hashed: entry.identity.size == 0),
                    entry.identity.modified / 1_000_000_000
                ))
        }
        return found
    }

    /// What may still be written on its filesystem, in bytes.
    public var freeBytes: Int64 { folder.freeBytes }

    private func repository(_ place: UploadPlace) -> RepositoryName? {
        guard let file = try? OpenFile.open(path: place.note), let size = try? file.size(),
            size <= Self.repositoryLimit, let bytes = try? file.readAll(size: size)
        else { return nil }
        return try? RepositoryName(String(decoding: bytes, as: UTF8.self))
    }

    private func place(of name: UploadName) -> UploadPlace {
        UploadPlace(
            bytes: folder.path.appending(name.description), note: folder.path.appending("\(name).repository"))
    }

    private func exists(_ path: FilePath) -> Bool {
        path.withPlatformString { access($0, F_OK) } == 0
    }
}

/// The two files of an upload.
struct UploadPlace: Sendable {
    let bytes: FilePath
    let note: FilePath

    func remove() {
        for path in [bytes, note] { _ = path.withPlatformString { unlink($0) } }
    }
}
