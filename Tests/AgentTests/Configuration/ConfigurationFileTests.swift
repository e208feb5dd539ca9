import OCI
import SystemPackage
import Testing

@testable import Agent

@Suite struct ConfigurationFileTests {
    @Test("an empty file is the defaults")
    func empty() throws {
        let configuration = try load("")
        #expect(configuration.mirror.listen.map(\.description) == ["127.0.0.1:5050", "[::1]:5050"])
        #expect(configuration.mirror.dockerListen?.description == "127.0.0.1:5054")
        #expect(configuration.dataDirectory == "/var/lib/shoal")
        #expect(configuration.store.capacity.bytes == 20_000_000_000)
        #expect(configuration.dockerConfig == nil)
        #expect(configuration.limits.uploads == 32)
        #expect(configuration.warnings.isEmpty)
        for key in ConfigurationKey<Configuration>.all { #expect(!configuration.isSet(key.name)) }
    }

    @Test("the whole of the design's file is understood, and sets every key")
    func design() throws {
        let configuration = try load(
            """
            data_dir = "/srv/shoal"
            docker_config = "/root/.docker/config.json"
            [mirror]
            listen = ["127.0.0.1:6050"]
            docker_listen = ""
            allow_remote = false
            tls_cert = "/etc/shoal/tls.crt"
            tls_key = "/etc/shoal/tls.key"
            [peers]
            listen = ["0.0.0.0:5051", "[::]:5051"]
            advertise = ["192.168.1.7"]
            allow = ["on-link", "10.0.0.0/8"]
            static = ["node-7:5051", "[fd00::7]:5051"]
            dns = ["_shoal._tcp.Example.com"]
            key_file = "/etc/shoal/cluster.key"
            release = "whole"
            [peers.tls]
            cert = "/etc/shoal/peer.pem"
            key = "/etc/shoal/peer.key"
            ca = "/etc/shoal/peers-ca.pem"
            [discovery]
            mdns = false
            broadcast = true
            port = 5099
            [admin]
            listen = "127.0.0.1:5052"
            socket = "/run/shoal/other.sock"
            [runtime.containerd]
            address = ""
            root = "/var/lib/containerd"
            namespaces = ["k8s.io"]
            [store]
            capacity = 1_000_000
            spool = "/tmp/spool"
            retain = "auto"
            complete_ranges = true
            scrub = "2w"
            grace = "12h"
            [tags]
            policy = "peers-first"
            believe = "lan"
            [share]
            include = ["docker.io/library/*"]
            exclude = ["*/secret"]
            private = "never"
            [push]
            htpasswd = "/etc/shoal/htpasswd"
            repositories = 0
            blob_size = "2GiB"
            [upstream."registry.example.com"]
            url = "https://registry.example.com/"
            plain_http = true
            ca_file = "/etc/ca.pem"
            username = "me"
            password_file = "/etc/password"
            [limits]
            uploads = 8
            upload_rate = "80MB/s"
            download_rate = "1GiB/s"
            upstream_rate = ""
            connections = 10
            connections_per_address = 5
            requests = 20
            request_line = "4KiB"
            headers = "8KiB"
            header_fields = 50
            header_timeout = "5s"
            body_timeout = "30s"
            idle_timeout = "2m"
            stall_timeout = "1h"
            waits = 0
            waits_per_address = 2
            downloads = 3
            spool = "1GiB"
            open_files = 1024
            datagrams = 500
            stranger_datagrams = 200
            datagrams_per_address = 20
            peers = 100
            peers_per_address = 4
            inventory = 5000
            inventory_per_peer = 1000
            names = 500
            names_per_peer = 200
            log_lines = 60
            log_repeats = 2
            """)
        for key in ConfigurationKey<Configuration>.all { #expect(configuration.isSet(key.name), "\(key.name)") }
        #expect(configuration.mirror.dockerListen == nil)
        #expect(configuration.peers.fixed.map(\.description) == ["node-7:5051", "[fd00::7]:5051"])
        #expect(configuration.peers.dns.map(\.description) == ["_shoal._tcp.example.com"])
        #expect(configuration.tags.policy == .peersFirst)
        #expect(configuration.store.capacity.bytes == 1_000_000)
        #expect(configuration.store.scrub?.seconds == 1_209_600)
        #expect(configuration.store.grace.seconds == 43_200)
        #expect(configuration.mirror.tlsCertificate == "/etc/shoal/tls.crt")
        #expect(configuration.mirror.tlsKey == "/etc/shoal/tls.key")
        #expect(configuration.peers.tls.certificate == "/etc/shoal/peer.pem")
        #expect(configuration.peers.tls.key == "/etc/shoal/peer.key")
        #expect(configuration.peers.tls.authority == "/etc/shoal/peers-ca.pem")
        #expect(configuration.peers.tls.isOn)
        #expect(configuration.push.htpasswd == "/etc/shoal/htpasswd")
        #expect(configuration.push.repositories == 0)
        #expect(configuration.push.blobSize?.bytes == 2 << 30)
        #expect(configuration.limits.downloadRate?.perSecond.bytes == 1 << 30)
        let upstream = try #require(configuration.upstream[RegistryName("registry.example.com")])
        #expect(upstream.url?.description == "https://registry.example.com")
        #expect(upstream.passwordFile == "/etc/password")
        #expect(configuration.isSet(#"upstream."registry.example.com".url"#))
    }

    @Test(
        "what is wrong is told in one line with file, key and mend",
        arguments: [
            (
                "mirror = 5",
                "config.toml: mirror is a table: write [mirror] on a line of its own and its keys below it"
            ),
            (
                "[mirror]\nlisten = \"127.0.0.1:5050\"",
                "config.toml: mirror.listen must be a list, not \"127.0.0.1:5050\": "
                    + "put it in brackets, [\"127.0.0.1:5050\"]"
            ),
            (
                "[mirror]\nlistne = []", "config.toml: mirror.listne is not a key; did you mean mirror.listen?"
            ),
            (
                "[mirror]\ntls_cert = \"/a\"", "config.toml: mirror.tls_cert needs mirror.tls_key beside it"
            ),
            (
                "[mirror]\ntls_key = \"/a\"", "config.toml: mirror.tls_key needs mirror.tls_cert beside it"
            ),
            (
                "[peers.tls]\ncert = \"/c\"",
                "config.toml: peers.tls.cert needs peers.tls.key and peers.tls.ca beside it"
            ),
            (
                "[peers.tls]\nkey = \"/k\"\nca = \"/a\"", "config.toml: peers.tls.key needs peers.tls.cert beside it"
            ),
            ("[peers.tls]\nca = \"/a\"", "config.toml: peers.tls.ca needs peers.tls.cert and peers.tls.key beside it"),
            (
                "[peers.tls]\ncert = 5",
                "config.toml: peers.tls.cert must be a path such as \"/var/lib/shoal\", not 5"
            ),
            ("[peers.tls]\ncerts = \"/c\"", "config.toml: peers.tls.certs is not a key; did you mean peers.tls.cert?"),
            (
                "[peers]\ntls = true",
                "config.toml: peers.tls is a table: write [peers.tls] on a line of its own and its keys below it"
            ),
            (
                "[push]\nrepositories = -1", "config.toml: push.repositories must be a number from 0 to 1000000, not -1"
            ),
            ("listen = []", "config.toml: listen is not a key; did you mean mirror.listen?"),
            ("[frobnication]\nx = 1", "config.toml: frobnication is not a key"),
            (
                "[mirror]\nlisten = [\"localhost:5050\"]",
                "config.toml: mirror.listen must be an address and port such as \"127.0.0.1:5050\" or \"[::1]:5050\", "
                    + "not \"localhost:5050\""
            ),
            (
                "[mirror]\nlisten = [\"192.168.1.7:5050\"]",
                "config.toml: mirror.listen must be a loopback address, not \"192.168.1.7:5050\": whoever reaches the "
                    + "mirror pulls with this node's credentials. If that is meant, set mirror.allow_remote = true"
            ),
            (
                "[mirror]\ndocker_listen = \"0.0.0.0:5054\"",
                "config.toml: mirror.docker_listen must be a loopback address, not \"0.0.0.0:5054\": whoever reaches "
                    + "the mirror pulls with this node's credentials. If that is meant, set mirror.allow_remote = true"
            ),
            (
                "[mirror]\nallow_remote = \"yes\"",
                "config.toml: mirror.allow_remote must be true or false, not \"yes\""
            ),
            (
                "[runtime.containerd]\naddress = \"tcp\"",
                "config.toml: runtime.containerd.address must be \"auto\" or the absolute path of a socket such as "
                    + "\"/run/containerd/containerd.sock\", not \"tcp\""
            ),
            (
                "[runtime.containerd]\nroot = \"lib/containerd\"",
                "config.toml: runtime.containerd.root must be \"auto\" or the absolute path of a folder such as "
                    + "\"/var/lib/containerd\", not \"lib/containerd\""
            ),
            (
                "[runtime.containerd]\nnamespaces = [\"k8s io\"]",
                "config.toml: runtime.containerd.namespaces must be a containerd namespace such as "
                    + "\"k8s.io\", not \"k8s io\""
            ),
            (
                "[share]\nprivate = \"ask\"",
                "config.toml: share.private must be \"offer\", \"verify\" or \"never\", not \"ask\""
            ),
            (
                "[share]\nprivate = true",
                "config.toml: share.private must be \"offer\", \"verify\" or \"never\", not true"
            ),
            (
                "[store]\ncapacity = \"lots\"",
                "config.toml: store.capacity must be a size such as \"20GB\" or \"512MiB\", not \"lots\""
            ),
            (
                "[store]\ncapacity = -1",
                "config.toml: store.capacity must be a size such as \"20GB\" or \"512MiB\", not -1"
            ),
            (
                "[store]\ncapacity = 1979-05-27",
                "config.toml: store.capacity must be a size such as \"20GB\" or \"512MiB\", not 1979-05-27"
            ),
            (
                "[limits]\nupload_rate = \"80MB\"",
                "config.toml: limits.upload_rate must be a rate such as \"80MB/s\", not \"80MB\""
            ),
            (
                "[limits]\nuploads = 0", "config.toml: limits.uploads must be a number from 1 to 65536, not 0"
            ),
            (
                "[discovery]\nport = 70000", "config.toml: discovery.port must be a port from 1 to 65535, not 70000"
            ),
            (
                "[tags]\npolicy = \"upstream\"",
                "config.toml: tags.policy must be \"upstream-first\" or \"peers-first\", not \"upstream\""
            ),
            (
                "[peers]\nallow = [\"10.0.0.0/33\"]",
                "config.toml: peers.allow must be \"on-link\", \"private\", \"any\" or a network such as "
                    + "\"10.1.0.0/16\", not \"10.0.0.0/33\""
            ),
            (
                "[peers]\nadvertise = [\"node-7\"]",
                "config.toml: peers.advertise must be an IP address such as \"192.168.1.7\", not \"node-7\""
            ),
            (
                "[peers]\nstatic = [\"node-7\"]",
                "config.toml: peers.static must be a host and port such as \"node-7.example.com:5051\", "
                    + "not \"node-7\""
            ),
            (
                "[share]\ninclude = [\"nginx\"]",
                "config.toml: share.include must be a pattern registry/repository in lower case such as "
                    + "\"docker.io/library/*\", or \"*\", not \"nginx\""
            ),
            (
                "data_dir = \"\"", "config.toml: data_dir must be a path such as \"/var/lib/shoal\", not \"\""
            ),
            ("data_dir = [1]", "config.toml: data_dir must be a path such as \"/var/lib/shoal\", not [1]"),
            (
                "[upstream.registry.example.com]\nurl = \"https://x\"",
                "config.toml: upstream.registry.example is not a key: put the whole name of the registry in quotes, "
                    + "[upstream.\"registry.example.com\"]"
            ),
            (
                "[upstream.\"registry.example.com\"]\nurll = \"https://x\"",
                "config.toml: upstream.\"registry.example.com\".urll is not a key; did you mean url?"
            ),
            (
                "[upstream]\n\"registry.example.com\" = \"https://x\"",
                "config.toml: upstream.\"registry.example.com\" is a table: write [upstream.\"registry.example.com\"] "
                    + "on a line of its own and its keys below it"
            ),
            (
                "[upstream.\"a.example\"]\nurl = \"http://a.example\"",
                "config.toml: upstream.\"a.example\".url is \"http://a.example\", which is not encrypted: use "
                    + "https://, or allow it with plain_http = true"
            ),
            (
                "[upstream.\"a.example\"]\nurl = \"https://me:secret@a.example\"",
                "config.toml: upstream.\"a.example\".url must be a URL without credentials in it: use username and "
                    + "password_file for those"
            ),
            (
                "[upstream.\"a.example\"]\nusername = \"me\"",
                "config.toml: upstream.\"a.example\".username needs password_file beside it"
            ),
            (
                "[upstream.\"a.example\"]\npassword_file = \"/p\"",
                "config.toml: upstream.\"a.example\".password_file needs username beside it"
            ),
            (
                "[upstream.\"docker.io\"]\n[upstream.\"index.docker.io\"]",
                "config.toml: upstream.\"docker.io\" and upstream.\"index.docker.io\" are the same registry: put their "
                    + "keys into one table"
            ),
            ("a\u{0}b = 1", "config.toml: holds a zero byte: it is not a text file"),
        ])
    func refusals(text: String, line: String) {
        #expect(refusal(text) == line)
    }

    @Test("text that is no TOML is refused with its line")
    func syntax() throws {
        let line = try #require(refusal("data_dir = \"/x\"\n[mirror\nlisten = []"))
        #expect(line.hasPrefix("config.toml:2: is not TOML: "))
        #expect(!line.contains("\n"))
    }

    @Test("a socket's path that the kernel would not take is refused")
    func longSocket() throws {
        let line = try #require(refusal("[admin]\nsocket = \"/\(String(repeating: "x", count: 107))\""))
        #expect(line.hasPrefix("config.toml: admin.socket must be a path of at most 107 bytes"))
    }

    @Test(
        "what is right is taken",
        arguments: [
            "[mirror]\nlisten = [\"192.168.1.7:5050\"]\nallow_remote = true",
            "[upstream.\"a.example\"]\nurl = \"http://a.example\"\nplain_http = true",
            "[upstream.\"localhost:5000\"]\nurl = \"http://localhost:5000\"",
            "[upstream.\"docker.io\"]",
            "upstream.\"ghcr.io\".username = \"me\"\nupstream.\"ghcr.io\".password_file = \"/p\"",
            "[admin]\nlisten = \"\"",
            "[peers]\nallow = [\"any\", \"private\", \"on-link\", \"192.0.2.1\", \"fd00::/8\"]",
        ])
    func accepted(text: String) {
        #expect(refusal(text) == nil)
    }

    @Test(
        "what is allowed and does nothing is a warning",
        arguments: [
            ("[mirror]\ntls_cert = \"/c\"\ntls_key = \"/k\"", ["mirror.tls_cert"]),
            ("[push]\nhtpasswd = \"/h\"", ["push.htpasswd"]),
            (
                "[mirror]\nlisten = [\"127.0.0.1:5050\", \"0.0.0.0:5443\"]\nallow_remote = true\n[push]\nhtpasswd = \"/h\"",
                ["push.htpasswd"]
            ),
            (
                "[mirror]\nlisten = [\"127.0.0.1:5050\", \"192.168.1.7:5050\"]\nallow_remote = true\n"
                    + "tls_cert = \"/c\"\ntls_key = \"/k\"\n[push]\nhtpasswd = \"/h\"", []
            ),
        ])
    func warnings(text: String, keys: [String]) throws {
        let warnings = try load(text).warnings
        #expect(warnings.count == keys.count)
        for (warning, key) in zip(warnings, keys) { #expect(warning.hasPrefix("\(key) does nothing: ")) }
    }

    @Test("with a certificate addresses of mirror.listen speak TLS, loopback ones do not")
    func speaksTLS() throws {
        let listen = "[mirror]\nlisten = [\"127.0.0.1:5050\", \"[::1]:5050\", \"0.0.0.0:5443\", \"[fd00::7]:5443\"]\n"
        let plain = try load(listen + "allow_remote = true").mirror
        #expect(plain.listen.map(plain.speaksTLS) == [false, false, false, false])
        let secure = try load(listen + "allow_remote = true\ntls_cert = \"/c\"\ntls_key = \"/k\"").mirror
        #expect(secure.listen.map(secure.speaksTLS) == [false, false, true, true])
    }

    @Test("a default file that is missing is no error, a named one is")
    func missing() throws {
        let missing: FilePath = "/nonexistent/shoal.toml"
        #expect(throws: Never.self) {
            var sources = ConfigurationSources(environment: [:])
            sources.file = missing
            _ = try sources.load()
        }
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationSources(file: missing, environment: [:]).load()
        }
        #expect(error?.code == .unreadable)
        #expect(
            error?.description
                == "/nonexistent/shoal.toml: cannot be read (No such file or directory): name a file that can with --config"
        )
    }

    @Test("a folder in the file's place is unreadable")
    func folder() {
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationSources(file: "/", environment: [:]).load()
        }
        #expect(error?.code == .unreadable)
    }

    @Test("every value of a configuration is written as it is read")
    func roundTrip() throws {
        let defaults = Configuration()
        for key in ConfigurationKey<Configuration>.all {
            var copy = defaults
            try key.write(key.read(defaults), &copy)
            #expect(copy == defaults, "\(key.name)")
        }
    }
}
