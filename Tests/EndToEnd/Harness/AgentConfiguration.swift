/// The configuration file of an agent under test. Everything that a test does not name is the product's default.
struct AgentConfiguration: Sendable {
    /// The table `runtime.containerd`.
    struct Runtime: Sendable {
        var root: String?
        var namespaces: [String] = []
    }

    /// Registry name to URL, all over plain HTTP.
    var upstreams = ["registry.test": "http://registry.test"]
    var credentials: [String: (user: String, passwordFile: String)] = [:]
    var keyFile: String?
    /// Where the agent keeps its data; nil: in the node's folder.
    var dataDirectory: String?
    /// For the agent's process.
    var environment: [String: String] = [:]
    /// Words before the agent's command: a program that sets something up and becomes the agent.
    var launcher: [String] = []
    /// Keys of the table `peers` beside the key file, as TOML.
    var peers = ""
    /// Whether the agent shares what its node's containerd holds; nil: nothing is said about it, and `auto` finds none here.
    var runtime: Runtime?
    /// Further tables, as TOML.
    var tables = ""

    /// An agent that shares what its node's containerd holds.
    static var besideContainerd: AgentConfiguration {
        AgentConfiguration(runtime: Runtime())
    }

    func toml(folder: String) -> String {
        var text = "data_dir = \"\(dataDirectory ?? folder + "/data")\"\n"
        text += "[peers]\n\(peers)\n"
        if let keyFile { text += "key_file = \"\(keyFile)\"\n" }
        text += "[admin]\nsocket = \"\(folder)/shoal.sock\"\n"
        if let runtime {
            text += "[runtime.containerd]\naddress = \"\(Containerd.address(in: folder))\"\n"
            if let root = runtime.root { text += "root = \"\(root)\"\n" }
            let namespaces = runtime.namespaces.map { "\"\($0)\"" }.joined(separator: ", ")
            text += "namespaces = [\(namespaces)]\n"
        }
        for (registry, url) in upstreams {
            text += "[upstream.\"\(registry)\"]\nurl = \"\(url)\"\nplain_http = true\n"
            if let (user, passwordFile) = credentials[registry] {
                text += "username = \"\(user)\"\npassword_file = \"\(passwordFile)\"\n"
            }
        }
        return text + tables
    }
}
