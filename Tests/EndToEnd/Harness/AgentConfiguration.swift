/// The configuration file of an agent under test. Everything that a test does not name is the product's default.
struct AgentConfiguration: Sendable {
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
    /// Further tables, as TOML.
    var tables = ""

    func toml(folder: String) -> String {
        var text = "data_dir = \"\(dataDirectory ?? folder + "/data")\"\n"
        text += "[peers]\n\(peers)\n"
        if let keyFile { text += "key_file = \"\(keyFile)\"\n" }
        text += "[admin]\nsocket = \"\(folder)/shoal.sock\"\n"
        for (registry, url) in upstreams {
            text += "[upstream.\"\(registry)\"]\nurl = \"\(url)\"\nplain_http = true\n"
            if let (user, passwordFile) = credentials[registry] {
                text += "username = \"\(user)\"\npassword_file = \"\(passwordFile)\"\n"
            }
        }
        return text + tables
    }
}
