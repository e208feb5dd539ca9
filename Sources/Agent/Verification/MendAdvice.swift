import OCI

/// What brings a damaged blob back.
///
/// In containerd a blob is gone only when no namespace has it any more and a garbage collection has run: pulling before that
/// finds the damaged bytes and keeps them. Removing a lease with `--sync` is what waits for a collection. Images and
/// containers stay as they are meanwhile. (Tried with containerd 1.6.)
struct MendAdvice {
    /// How many images are named; a base layer may belong to hundreds.
    static let namesLimit = 20
    private static let plainSocket = "/run/containerd/containerd.sock"
    private static let k3sSocket = "/run/k3s/containerd/containerd.sock"

    var digest: Digest
    var place: BlobPlace
    /// Every image that needs the blob; a name that is pulled again brings it back for all in its namespace.
    var owners: [BlobOwner]
    /// Whether a registry is known that has it.
    var hasOrigin: Bool
    /// containerd's.
    var socket: String?

    /// To be pasted into a root shell, in this order; none where it mends itself.
    var commands: [String] {
        guard place == .containerd, let first = namespaces.first else { return [] }
        return namespaces.map { "\(ctr($0)) content rm \(digest)" }
            + ["\(ctr(first)) leases delete --sync \"$(\(ctr(first)) leases create)\""]
            + namespaces.compactMap { namespace in
                owners.filter { $0.namespace == namespace }.map(\.name).min().map { name in
                    hasOrigin
                        ? "\(ctr(namespace)) images pull \(Self.quoted(name))"
                        : "\(ctr(namespace)) images import FILE.tar    # where \(Self.quoted(name)) came from"
                }
            }
    }

    /// What to know beside the commands.
    var note: String {
        switch place {
        case .store: "it is deleted, and fetched again when somebody asks for it"
        case .containerd where namespaces.isEmpty:
            "no image needs it: containerd's garbage collection will take it; other nodes are not offered it"
        case .containerd: "other nodes are not offered it; containerd has it until it is removed and pulled again"
        }
    }

    /// Those of containerd that have images which need the blob.
    private var namespaces: [String] { Array(Set(owners.compactMap(\.namespace))).sorted() }

    private func ctr(_ namespace: String) -> String {
        let program =
            switch socket {
            case nil, Self.plainSocket: "ctr"
            case Self.k3sSocket: "k3s ctr"
            case .some(let socket): "ctr -a \(Self.quoted(socket))"
            }
        return "\(program) -n \(Self.quoted(namespace))"
    }

    /// Names of images and namespaces are strangers' text, and end up in a shell.
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._/:@+-".utf8.contains(byte)
            }
        }
        if isPlain, !text.isEmpty, !text.hasPrefix("-") { return text }
        var quoted = "'"
        for character in text { quoted += character == "'" ? #"'\''"# : String(character) }
        return quoted + "'"
    }
}
