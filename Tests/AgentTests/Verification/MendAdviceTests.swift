import OCI
import Testing

@testable import Agent

@Suite struct MendAdviceTests {
    private func advice(
        _ owners: [BlobOwner], place: BlobPlace = .containerd, hasOrigin: Bool = true, socket: String? = nil
    ) throws -> MendAdvice {
        MendAdvice(
            digest: try Digest(algorithm: .sha256, bytes: [UInt8](repeating: 0xab, count: 32)), place: place,
            owners: owners, hasOrigin: hasOrigin, socket: socket)
    }

    private let digest = "sha256:" + String(repeating: "ab", count: 32)

    @Test("in containerd the blob is removed from every namespace, collected, and pulled again")
    func namespaces() throws {
        let commands = try advice([
            BlobOwner(namespace: "k8s.io", name: "docker.io/library/nginx:1"),
            BlobOwner(namespace: "default", name: "docker.io/library/nginx:2"),
            BlobOwner(namespace: "default", name: "docker.io/library/nginx:1"),
        ]).commands
        #expect(
            commands == [
                "ctr -n default content rm \(digest)", "ctr -n k8s.io content rm \(digest)",
                "ctr -n default leases delete --sync \"$(ctr -n default leases create)\"",
                "ctr -n default images pull docker.io/library/nginx:1",
                "ctr -n k8s.io images pull docker.io/library/nginx:1",
            ])
    }

    @Test("an image that no registry has is imported again")
    func imported() throws {
        let commands = try advice([BlobOwner(namespace: "default", name: "app:1")], hasOrigin: false).commands
        #expect(commands.last == "ctr -n default images import FILE.tar    # where app:1 came from")
    }

    @Test(
        "the program fits the socket",
        arguments: [
            (nil, "ctr -n a"), ("/run/containerd/containerd.sock", "ctr -n a"),
            ("/run/k3s/containerd/containerd.sock", "k3s ctr -n a"), ("/x y", "ctr -a '/x y' -n a"),
        ] as [(String?, String)])
    func program(socket: String?, beginning: String) throws {
        let commands = try advice([BlobOwner(namespace: "a", name: "b")], socket: socket).commands
        #expect(commands.allSatisfy { $0.hasPrefix(beginning) })
    }

    @Test("Shoal's own store mends itself, and what no image needs is nobody's work")
    func nothingToDo() throws {
        #expect(try advice([BlobOwner(name: "app:1")], place: .store).commands.isEmpty)
        #expect(try advice([]).commands.isEmpty)
    }

    @Test(
        "names are quoted for the shell",
        arguments: [
            ("docker.io/library/nginx:1@sha256:ab", "docker.io/library/nginx:1@sha256:ab"), ("a b", "'a b'"),
            ("$(reboot)", "'$(reboot)'"), ("it's", #"'it'\''s'"#), ("", "''"), ("-rf", "'-rf'"), ("ä", "'ä'"),
        ])
    func quoting(text: String, quoted: String) {
        #expect(MendAdvice.quoted(text) == quoted)
    }
}
