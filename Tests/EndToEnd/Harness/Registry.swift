import Foundation

/// A docker-registry on a host of the LAN, known to everybody as `registry.demo`.
final class Registry: Sendable {
    static let name = "registry.demo"

    let host: Host
    private let process: Running

    var url: String { "http://\(host.address):5000" }
    private var reference: String { "\(host.address):5000" }

    /// - Parameter credential: `user:password` that the registry asks for; nil lets everybody in.
    init(on host: Host, credential: String? = nil) async throws {
        self.host = host
        var auth = ""
        if let credential {
            let parts = credential.split(separator: ":").map(String.init)
            let line = try await Command.must(["htpasswd", "-Bbn", parts[0], parts[1]]).out
            let file = try host.write(line, to: "htpasswd")
            auth = "auth:\n  htpasswd:\n    realm: demo\n    path: \(file)\n"
        }
        let configuration = try host.write(
            """
            version: 0.1
            log: {level: info}
            storage: {filesystem: {rootdirectory: \(host.directory)/data}, delete: {enabled: true}}
            http: {addr: "0.0.0.0:5000"}
            \(auth)
            """, to: "registry.yml")
        process = try host.start(["docker-registry", "serve", configuration], log: "registry")
        let started = process
        try await eventually("the registry answers") {
            guard started.isRunning else { throw CommandFailed(description: "docker-registry has ended") }
            return try await host.run("curl", "-s", "-o", "/dev/null", "http://\(host.address):5000/v2/").isSuccess
        }
    }

    /// Puts an image of an OCI layout into the registry.
    func push(_ layout: String, as name: String, credential: String? = nil) async throws {
        var arguments = ["skopeo", "copy", "-q", "--preserve-digests", "--dest-tls-verify=false"]
        if let credential { arguments += ["--dest-creds", credential] }
        try await Command.must(
            host.command(arguments + ["oci:\(layout)", "docker://\(reference)/\(name)"]), within: .seconds(300))
    }

    /// Away without a word, in the middle of whatever it is sending.
    func kill() async throws {
        process.signal(SIGKILL)
        try await eventually("the registry is gone") { !process.isRunning }
    }

    /// How many requests its log shows for a text such as a path and a method.
    func requests(_ text: String) -> Int {
        let log = (try? String(contentsOfFile: "\(host.directory)/registry.log", encoding: .utf8)) ?? ""
        return log.split(separator: "\n").count { $0.contains(text) }
    }
}
