public import Content
public import Logging
public import NIOCore
public import OCI
import Synchronization
import Transfer

/// Blobs on their way in, by pushes. What is here when the agent ends is here for the next one. Safe from any thread.
public final class Uploads: Sendable {
    /// Bytes that are gathered before they are written.
    private static let portion = 1 << 20

    /// Where a body's bytes come from; nil at its end.
    public typealias Bytes = @Sendable () async throws -> ByteBuffer?

    private struct Upload {
        let repository: RepositoryName
        let file: UploadFile
        /// Seconds since 1970 by this node's clock.
        var used: Int64
    }

    private let folder: UploadFolder
    private let limits: RegistryLimits
    private let makeRoom: @Sendable (Int64) -> Int64
    private let state: Mutex<[UploadName: Upload]>

    /// Goes on with what an agent before this one has left. Blocks; meant for the start.
    /// - Parameter makeRoom: lets go of what is not needed where the disk is full; returns how many bytes became free.
    public init(
        folder: UploadFolder, limits: RegistryLimits, logger: Logger,
        makeRoom: @escaping @Sendable (Int64) -> Int64 = { _ in 0 }
    ) {
        self.folder = folder
        self.limits = limits
        self.makeRoom = makeRoom
        var found: [UploadName: Upload] = [:]
        do throws(ContentError) {
            for upload in try folder.leftovers() {
                found[upload.name] = Upload(repository: upload.repository, file: upload.file, used: upload.used)
            }
        } catch {
            logger.warning("pushes that were cut off cannot be gone on with", metadata: ["reason": "\(error)"])
        }
        state = Mutex(found)
    }

    /// How many are under way.
    public var count: Int { state.withLock { $0.count } }

    /// Begins an upload.
    public func begin(in repository: RepositoryName) throws(DistributionError) -> UploadName {
        let name = UploadName.random()
        let tooMany = DistributionError(
            code: .unavailable, message: "\(limits.uploads) uploads are under way already; finish or cancel one")
        guard count < limits.uploads else { throw tooMany }
        // Not under the lock, which whoever looks at the uploads takes: a disk may take its time.
        let file = try storing { () throws(ContentError) in try folder.create(name, in: repository) }
        let isTaken = state.withLock { uploads in
            guard uploads.count < limits.uploads else { return false }
            uploads[name] = Upload(repository: repository, file: file, used: WallClock.now)
            return true
        }
        guard isTaken else {
            file.discard()
            throw tooMany
        }
        return name
    }

    /// Bytes that have arrived.
    public func count(of name: UploadName, in repository: RepositoryName) throws(DistributionError) -> Int64 {
        try upload(name, repository).file.count
    }

    /// Adds a body's bytes. What has arrived stays where the body breaks off.
    /// - Parameter start: where the client says that its bytes belong; nil: at the end.
    /// - Returns: bytes that have arrived now.
    /// - Throws: RANGE_INVALID (416) where that is not the end, SIZE_INVALID (413) where the blob becomes too large, and what `bytes` throws.
    public func append(
        to name: UploadName, in repository: RepositoryName, at start: Int64?, _ bytes: Bytes
    ) async throws -> Int64 {
        let file = try upload(name, repository).file
        var end = file.count
        guard start == nil || start == end else { throw Self.outOfOrder(start ?? 0, end) }
        var gathered: [ByteBuffer] = []
        var size = 0
        do {
            while let chunk = try await bytes() {
                gathered.append(chunk)
                size += chunk.readableBytes
                guard end + Int64(size) <= limits.blobSize ?? .max else {
                    throw DistributionError(
                        code: .sizeInvalid,
                        message:
                            "the blob has more than \(limits.blobSize ?? 0) bytes; push.blob_size says how many it may have",
                        status: 413)
                }
                guard size >= Self.portion else { continue }
                end = try await write(gathered, to: file, at: end)
                (gathered, size) = ([], 0)
                touch(name)
            }
        } catch {
            // What has come counts: the client asks how far it got.
            if !(error is DistributionError) { _ = try? await write(gathered, to: file, at: end) }
            throw error
        }
        end = try await write(gathered, to: file, at: end)
        touch(name)
        return end
    }

    /// Takes a whole upload out of the list; the caller brings it into a store, or discards it.
    func take(_ name: UploadName, in repository: RepositoryName) throws(DistributionError) -> UploadFile {
        try state.withLock { uploads throws(DistributionError) in
            guard let upload = uploads[name], upload.repository == repository else { throw Self.unknown(name) }
            uploads[name] = nil
            return upload.file
        }
    }

    /// Gives an upload up.
    public func cancel(_ name: UploadName, in repository: RepositoryName) throws(DistributionError) {
        try take(name, in: repository).discard()
    }

    /// Removes uploads that nobody has added to for ``RegistryLimits/uploadLifetime``.
    /// - Returns: how many there were.
    @discardableResult
    public func expire(now: Int64) -> Int {
        let old = state.withLock { uploads in
            let old = uploads.filter { now - $0.value.used > limits.uploadLifetime.components.seconds }
            for name in old.keys { uploads[name] = nil }
            return old.values.map(\.file)
        }
        for file in old { file.discard() }
        return old.count
    }

    // MARK: Parts

    private func upload(_ name: UploadName, _ repository: RepositoryName) throws(DistributionError) -> Upload {
        guard let upload = state.withLock({ $0[name] }), upload.repository == repository else {
            throw Self.unknown(name)
        }
        return upload
    }

    private func touch(_ name: UploadName) {
        state.withLock { $0[name]?.used = WallClock.now }
    }

    private func write(_ chunks: [ByteBuffer], to file: UploadFile, at start: Int64) async throws -> Int64 {
        guard !chunks.isEmpty else { return start }
        // Who reads a blob that was let go keeps its space taken: then another goes.
        while true {
            do throws(ContentError) {
                return try await file.append(chunks, at: start)
            } catch {
                guard error.code == .noSpace, makeRoom(Int64(chunks.reduce(0) { $0 + $1.readableBytes })) > 0 else {
                    throw DistributionError(error)
                }
            }
        }
    }

    private static func unknown(_ name: UploadName) -> DistributionError {
        DistributionError(
            code: .blobUploadUnknown,
            message: "there is no such upload in this repository: it may be done, cancelled, or too old",
            detail: name.description)
    }

    static func outOfOrder(_ start: Int64, _ end: Int64) -> DistributionError {
        DistributionError(
            code: .rangeInvalid, message: "the chunk begins at \(start), and the upload has \(end) bytes: go on there")
    }
}
