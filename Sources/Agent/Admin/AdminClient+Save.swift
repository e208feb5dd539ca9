import FoundationEssentials
public import NIOCore
import NIOHTTP1
public import OCI

extension AdminClient {
    /// Of what the agent says instead of an archive.
    private static let problemLimit = 1 << 20

    /// Has the agent save images as an archive.
    /// - Parameter write: given the archive's bytes as they come. Where this throws, those that were given are no archive.
    /// - Returns: How many they are.
    public func save(
        _ images: [ImageReference], write: (ByteBuffer) async throws -> Void
    ) async throws(AdminClientError) -> Int64 {
        let target = "\(AdminRoute.save.rawValue)?\(SaveQuery.text(images))"
        return try await reach { socket in
            let connection = try await AdminConnection.open(to: socket)
            return try await connection.channel.executeThenClose { inbound, outbound in
                let headers = AdminConnection.headers(accepting: "application/x-tar")
                let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: headers)
                try await outbound.write(contentsOf: [.head(head), .end(nil)])
                connection.silence.expectAnswer()
                var status = 0
                var length: Int64?
                var count: Int64 = 0
                var problem: [UInt8] = []
                for try await part in inbound {
                    switch part {
                    case .head(let head):
                        status = Int(head.status.code)
                        length = head.headers.first(name: "Content-Length").flatMap { Int64($0) }
                    case .body(let bytes) where status == 200:
                        count += Int64(bytes.readableBytes)
                        connection.silence.expectNothing()
                        try await write(bytes)
                        connection.silence.expectAnswer()
                    case .body(let bytes):
                        guard problem.count + bytes.readableBytes <= Self.problemLimit else { continue }
                        problem += bytes.readableBytesView
                    case .end where status != 200: throw Self.refusal(status, problem)
                    case .end where length.map { $0 == count } ?? true: return count
                    case .end: break
                    }
                }
                throw AdminClientError(
                    .broken, "the agent broke the archive off after \(count) bytes; its log may say why")
            }
        }
    }
}
