import Archive
import NIOCore
import NIOHTTP1
import Synchronization
import SystemPackage
import Testing

@testable import Agent

/// How `shoal load` sends an archive: as fast as the agent takes it, and no further than the agent wants it.
@Suite(.timeLimit(.minutes(1))) struct LoadUploadTests {
    private static let portion = [UInt8](repeating: 7, count: 256 << 10)

    /// More than any socket buffers.
    private func large(_ portions: Int = 400) -> ArchiveSource {
        ArchiveSource(segments: [ArchiveSource.Segment](repeating: .bytes(Self.portion), count: portions))
    }

    private static func head(_ status: HTTPResponseStatus, _ type: String = "application/x-ndjson")
        -> HTTPServerResponsePart
    {
        .head(
            HTTPResponseHead(version: .http1_1, status: status, headers: ["Content-Type": type, "Connection": "close"]))
    }

    private static func line(_ text: String) -> HTTPServerResponsePart {
        .body(.byteBuffer(ByteBuffer(string: text + "\n")))
    }

    private static let end = #"{"event":"end","images":1,"names":1,"bytes":1,"seconds":1}"#

    @Test("an agent that refuses before it has read the archive is heard, and no more is sent")
    func early() async throws {
        let error = try await withStubAgent { inbound, outbound in
            for try await part in inbound {
                guard case .head = part else { continue }
                try await outbound.write(contentsOf: [
                    Self.head(.forbidden, "application/problem+json"),
                    .body(.byteBuffer(ByteBuffer(string: #"{"detail":"no room for archives"}"#))), .end(nil),
                ])
                // Closed with unread input, which takes the connection away under the sender.
                return
            }
        } _: { socket in
            await #expect(throws: AdminClientError.self) {
                try await AdminClient(sockets: [socket]).load(self.large(), LoadQuery()) { _ in }
            }
        }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("no room for archives") == true, "\(error?.message ?? "")")
    }

    @Test("an agent that gives up in the middle is heard, and no more is sent")
    func middle() async throws {
        let failure = Mutex<LoadFailure?>(nil)
        let taken = Mutex(0)
        try await withStubAgent { inbound, outbound in
            for try await part in inbound {
                if case .head = part { try await outbound.write(Self.head(.ok)) }
                guard case .body(let bytes) = part else { continue }
                let count = taken.withLock { taken in
                    taken += bytes.readableBytes
                    return taken
                }
                guard count > 1 << 20 else { continue }
                try await outbound.write(Self.line(#"{"event":"error","code":"archive","reason":"bad","mend":""}"#))
                // Nothing more is read until the client has gone.
                try await Task.sleep(for: .seconds(60))
            }
        } _: { socket in
            try await AdminClient(sockets: [socket]).load(self.large(), LoadQuery()) { line in
                if case .error(let error) = line.value { failure.withLock { $0 = error } }
            }
        }
        #expect(failure.withLock { $0 } == LoadFailure(code: .archive, reason: "bad"))
        #expect(taken.withLock { $0 } < 400 * Self.portion.count)
    }

    @Test("all of it arrives, framed by its length, and what is told meanwhile is heard")
    func whole() async throws {
        let taken = Mutex(0)
        let headers = Mutex<HTTPHeaders>([:])
        let told = Mutex<[LoadEvent]>([])
        let source = large(20)
        try await withStubAgent { inbound, outbound in
            for try await part in inbound {
                switch part {
                case .head(let head):
                    headers.withLock { $0 = head.headers }
                    try await outbound.write(Self.head(.ok))
                case .body(let bytes):
                    taken.withLock { $0 += bytes.readableBytes }
                    try await outbound.write(Self.line(#"{"event":"progress","bytes":1,"seconds":0.5}"#))
                case .end: try await outbound.write(contentsOf: [Self.line(Self.end), .end(nil)])
                }
            }
        } _: { socket in
            try await AdminClient(sockets: [socket]).load(source, LoadQuery()) { line in
                told.withLock { $0.append(line.value) }
            }
        }
        #expect(taken.withLock { $0 } == 20 * Self.portion.count)
        #expect(headers.withLock { $0["Content-Length"] } == ["\(20 * Self.portion.count)"])
        #expect(told.withLock { $0.first } == .progress(LoadProgress(bytes: 1, seconds: 0.5)))
        #expect(told.withLock { $0.last } == .end(LoadSummary(images: 1, names: 1, bytes: 1, seconds: 1)))
    }

    @Test("where the length is not known it is framed by itself")
    func chunked() async throws {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("archive")
        let descriptor = try FileDescriptor.open(
            file, .readWrite, options: [.create], permissions: [.ownerReadWrite])
        try descriptor.writeAll(Self.portion)
        try descriptor.seek(offset: 0, from: .start)
        defer { try? descriptor.close() }
        let source = try ArchiveSource(reading: descriptor.rawValue, name: "standard input")
        let headers = Mutex<HTTPHeaders>([:])
        let taken = Mutex(0)
        try await withStubAgent { inbound, outbound in
            for try await part in inbound {
                switch part {
                case .head(let head):
                    headers.withLock { $0 = head.headers }
                    try await outbound.write(Self.head(.ok))
                case .body(let bytes): taken.withLock { $0 += bytes.readableBytes }
                case .end: try await outbound.write(contentsOf: [Self.line(Self.end), .end(nil)])
                }
            }
        } _: { socket in
            try await AdminClient(sockets: [socket]).load(source, LoadQuery()) { _ in }
        }
        #expect(headers.withLock { $0["Transfer-Encoding"] } == ["chunked"])
        #expect(taken.withLock { $0 } == Self.portion.count)
    }

    @Test("an archive that cannot be read to its end does not end for the agent either")
    func sourceFails() async throws {
        let folder = try TemporaryFolder()
        let file = folder.path.appending("layer")
        let descriptor = try FileDescriptor.open(file, .writeOnly, options: [.create], permissions: [.ownerReadWrite])
        try descriptor.closeAfter { _ = try descriptor.writeAll(Self.portion) }
        // Longer when it was looked at than when it is read.
        let source = ArchiveSource(segments: [.file(file, size: Int64(Self.portion.count) + 1)])
        let hasEnded = Mutex(false)
        let error = try await withStubAgent { inbound, outbound in
            for try await part in inbound {
                if case .end = part { hasEnded.withLock { $0 = true } }
            }
        } _: { socket in
            await #expect(throws: AdminClientError.self) {
                try await AdminClient(sockets: [socket]).load(source, LoadQuery()) { _ in }
            }
        }
        #expect(error?.code == .unreadable)
        #expect(error?.message.contains("became shorter") == true)
        #expect(!hasEnded.withLock { $0 })
    }

    @Test("an agent that goes away without a word is an error")
    func gone() async throws {
        let error = try await withStubAgent { inbound, _ in
            for try await part in inbound {
                if case .body = part { return }
            }
        } _: { socket in
            await #expect(throws: AdminClientError.self) {
                try await AdminClient(sockets: [socket]).load(self.large(), LoadQuery()) { _ in }
            }
        }
        #expect(error?.code == .broken)
    }
}
