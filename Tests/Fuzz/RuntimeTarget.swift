@testable import Runtimes

/// Files of runtimes that `shoal configure` edits (by the first byte which): whatever stands in them, taking the mirror out again brings
/// back every byte, and putting it in twice is putting it in once.
enum RuntimeTarget: FuzzTarget {
    private static let url = "http://127.0.0.1:5050"
    private static let registries = ["docker.io", "ghcr.io"]

    static func run(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first else { return }
        let text = String(decoding: input.dropFirst(), as: UTF8.self)
        switch first {
        case UInt8(ascii: "h"): marked(text) { before throws(TextFault) in try hosts(before) }
        case UInt8(ascii: "c"): marked(text) { before throws(TextFault) in try containerd(before) }
        case UInt8(ascii: "p"): marked(text) { before throws(TextFault) in try podman(before) }
        case UInt8(ascii: "k"): marked(text) { before throws(TextFault) in try k3s(before) }
        case UInt8(ascii: "d"): daemon(text)
        default: break
        }
    }

    private static func hosts(_ text: String) throws(TextFault) -> String {
        _ = HostsFile.standing(of: url, in: text)
        return try HostsFile(mirror: url, server: "https://ghcr.io", hasDialTimeout: true).adding(
            to: text, made: MadePlaces(folders: 1))
    }

    private static func containerd(_ text: String) throws(TextFault) -> String {
        let config = try ContainerdConfig(text)
        _ = config.conflict()
        _ = (config.discardsUnpackedLayers, config.isCRIDisabled, config.imports)
        return try config.setting(config.registryPath, to: "/etc/containerd/certs.d")
    }

    private static func podman(_ text: String) throws(TextFault) -> String {
        for name in registries { _ = RegistriesConf.standing(of: name, authority: "127.0.0.1:5050", in: text) }
        return try RegistriesConf(text, authority: "127.0.0.1:5050").adding(registries) { $0 == "ghcr.io" }
    }

    private static func k3s(_ text: String) throws(TextFault) -> String {
        let yaml = RegistriesYAML(endpoint: url)
        _ = try? yaml.standings(in: text)
        return try yaml.adding(registries, to: text, made: MadePlaces(folders: 1))
    }

    /// Where `configure` marks what it writes.
    private static func marked(_ text: String, _ add: (String) throws(TextFault) -> String) {
        // With marks in it the text has been edited before.
        guard let after = try? add(text), !BlockRemoval.isMarked(text) else { return }
        guard let rest = try? MarkedBlock.remove(from: LinedText(after)).text.text else {
            fail("what was written cannot be taken out again:\n\(after)")
        }
        require(rest == text, "what is left is not what there was:\n\(text)\n---\n\(rest)")
    }

    private static func daemon(_ text: String) {
        let json = DaemonJSON(url: url)
        let standing = json.standing(in: text)
        guard standing == .absent, let after = try? json.adding(to: text) else { return }
        require(json.standing(in: after) == .first, "the mirror is not the first:\n\(after)")
        require((try? json.adding(to: after)) == after, "putting it in twice is more than once:\n\(after)")
        guard let rest = try? json.removing(from: after) else {
            fail("what was written cannot be taken out again:\n\(after)")
        }
        require(rest == .text(text), "what is left is not what there was:\n\(text)\n---\n\(rest)")
    }
}
