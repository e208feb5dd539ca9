import FoundationEssentials
import Integrity
import OCI
import Testing

/// A repository of a node's local namespace, spoken to request by request.
struct Repository: Sendable {
    static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    static let indexType = "application/vnd.oci.image.index.v1+json"

    let node: Node
    let name: String

    init(_ node: Node, _ name: String = "team/app") {
        self.node = node
        self.name = name
    }

    /// Sends a request. A path without a slash at its beginning is below the repository; others are what a `Location` said.
    func send(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, type: String = "application/octet-stream",
        headers: [String] = []
    ) async throws -> HTTPAnswer {
        let path = path.hasPrefix("/") ? path : "/v2/\(name)/\(path)"
        var options = method == "HEAD" ? ["--head"] : ["--request", method]
        for header in headers { options += ["--header", header] }
        let folder = try TemporaryFolder()
        if let body {
            try Data(body).write(to: URL(filePath: folder.path + "/body"))
            options += ["--data-binary", "@\(folder.path)/body", "--header", "Content-Type: \(type)"]
        }
        // As it is written: curl would take `..` out.
        return try await node.get("http://localhost:5050\(path)", options + ["--path-as-is", "--globoff"])
    }

    func send(
        _ method: String, _ path: String, _ body: String, type: String = "application/octet-stream",
        headers: [String] = []
    ) async throws -> HTTPAnswer {
        try await send(method, path, Array(body.utf8), type: type, headers: headers)
    }

    func get(_ path: String, headers: [String] = []) async throws -> HTTPAnswer {
        try await send("GET", path, headers: headers)
    }

    /// Begins an upload: its location.
    func beginUpload() async throws -> String {
        let answer = try await send("POST", "blobs/uploads/", [])
        try #require(answer.status == 202)
        return try #require(answer.headers["location"])
    }

    /// Pushes a blob in one request: its digest.
    @discardableResult
    func push(_ blob: String) async throws -> String {
        let digest = Self.digest(blob)
        let answer = try await send("POST", "blobs/uploads/?digest=\(digest)", blob)
        try #require(answer.status == 201, "\(answer.text)")
        return digest
    }

    static func digest(_ text: String) -> String { ContentHasher.digest(of: Array(text.utf8)).description }

    /// A manifest whose blobs are pushed already: an empty configuration, and a layer of text.
    func manifest(
        layer: String?, artifactType: String? = nil, subject: String? = nil, annotations: [String: String] = [:]
    ) async throws -> String {
        let config = try await push("{}")
        var text = """
            {"schemaVersion":2,"mediaType":"\(Self.manifestType)",\
            "config":{"mediaType":"application/vnd.test.config","digest":"\(config)","size":2},"layers":[
            """
        if let layer {
            text += #"{"mediaType":"text/plain","digest":"\#(try await push(layer))","size":\#(layer.utf8.count)}"#
        }
        text += "]"
        if let artifactType { text += #","artifactType":"\#(artifactType)""# }
        if let subject {
            text += #","subject":{"mediaType":"\#(Self.manifestType)","digest":"\#(subject)","size":2}"#
        }
        if !annotations.isEmpty {
            let pairs = annotations.map { #""\#($0.key)":"\#($0.value)""# }.joined(separator: ",")
            text += #","annotations":{\#(pairs)}"#
        }
        return text + "}"
    }

    /// Pushes a manifest, and what it consists of: its digest.
    @discardableResult
    func push(
        manifest layer: String?, as reference: String?, artifactType: String? = nil, subject: String? = nil,
        annotations: [String: String] = [:]
    ) async throws -> String {
        let text = try await manifest(
            layer: layer, artifactType: artifactType, subject: subject, annotations: annotations)
        let digest = Self.digest(text)
        let answer = try await send("PUT", "manifests/\(reference ?? digest)", text, type: Self.manifestType)
        try #require(answer.status == 201, "\(answer.text)")
        return digest
    }
}

extension HTTPAnswer {
    private struct Errors: Decodable {
        struct Entry: Decodable {
            let code: String
            let message: String
        }
        let errors: [Entry]
    }

    /// The code of the first error; nil where the body is not the specification's.
    var code: String? { try? JSON.decode(Errors.self, text).errors.first?.code }
}
