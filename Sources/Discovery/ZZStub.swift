public import OCI
public final class Directory: Sendable {
  public struct Holder: Sendable { public var peer: Peer; public var size: Int64? }
  public func holders(of digest: Digest) -> [Holder] { [] }
  public func claims(for reference: ImageReference) -> [TagClaim] { [] }
  public func peers() -> [Peer] { [] }
  public func peer(_ id: NodeID) -> Peer? { nil }
  public func report(_ outcome: PeerOutcome, of id: NodeID, address: PeerAddress) {}
  public func withdraw(_ digest: Digest, of id: NodeID) {}
  public var isInStep: Bool { true }
}
public struct TagClaim: Sendable { public var peer: Peer; public var digest: Digest; public var mediaType: MediaType; public var ageSeconds: UInt64 }
public protocol PeerInquiry: Sendable { func node(at: PeerAddress) async throws -> NodeDocument; func inventory(at: PeerAddress, of: NodeID, epoch: UInt64?, since: UInt64?, next: String?) async throws -> InventoryPage }
public final class Questions: Sendable { public func whoHas(_ digest: Digest, wait: Duration) async -> [Directory.Holder] { [] }; public func whoHas(_ reference: ImageReference, wait: Duration) async -> [TagClaim] { [] } }
public final class PeerSigner: Sendable {
 public func authorization(for peer: NodeID, method: String, target: String, range: String?) -> String? { nil }
 public func learn(nonce: String, for peer: NodeID) {}
 public func newClientNonce() -> String { "" }
 public func check(proof: String, clientNonce: String, body: [UInt8]) -> Bool { false } }
