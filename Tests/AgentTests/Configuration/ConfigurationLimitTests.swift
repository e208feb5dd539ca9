import Discovery
import Gateway
import Testing
import Transfer

@testable import Agent

@Suite struct ConfigurationLimitTests {
    @Test(
        "a limit outside of its bounds is refused in one line that names them",
        arguments: [
            ("uploads = 65537", "limits.uploads must be a number from 1 to 65536, not 65537"),
            ("connections = 0", "limits.connections must be a number from 1 to 65536, not 0"),
            ("connections_per_address = -1", "limits.connections_per_address must be a number from 1 to 65536, not -1"),
            ("requests = 0", "limits.requests must be a number from 1 to 65536, not 0"),
            ("request_line = 100", "limits.request_line must be a size from \"1KiB\" to \"1MiB\", not 100"),
            ("request_line = \"long\"", "limits.request_line must be a size from \"1KiB\" to \"1MiB\", not \"long\""),
            ("headers = \"1GB\"", "limits.headers must be a size from \"1KiB\" to \"1MiB\", not \"1GB\""),
            ("header_fields = 3", "limits.header_fields must be a number from 16 to 10000, not 3"),
            ("header_timeout = \"2d\"", "limits.header_timeout must be a period from \"1s\" to \"1h\", not \"2d\""),
            ("header_timeout = 10", "limits.header_timeout must be a period from \"1s\" to \"1h\", not 10"),
            ("body_timeout = \"0s\"", "limits.body_timeout must be a period from \"1s\" to \"1h\", not \"0s\""),
            ("idle_timeout = \"\"", "limits.idle_timeout must be a period from \"1s\" to \"1d\", not \"\""),
            ("stall_timeout = \"1w\"", "limits.stall_timeout must be a period from \"1s\" to \"1d\", not \"1w\""),
            ("waits = -1", "limits.waits must be a number from 0 to 65536, not -1"),
            ("waits_per_address = 100000", "limits.waits_per_address must be a number from 0 to 65536, not 100000"),
            ("downloads = 0", "limits.downloads must be a number from 1 to 65536, not 0"),
            ("downloads = \"many\"", "limits.downloads must be a number from 1 to 65536, not \"many\""),
            ("spool = \"1MB\"", "limits.spool must be at least \"16MiB\", or \"\" for no limit, not \"1MB\""),
            ("open_files = 10", "limits.open_files must be a number from 256 to 1048576, not 10"),
            ("datagrams = 0", "limits.datagrams must be a number from 10 to 1000000, not 0"),
            ("stranger_datagrams = 9", "limits.stranger_datagrams must be a number from 10 to 1000000, not 9"),
            ("datagrams_per_address = 0", "limits.datagrams_per_address must be a number from 1 to 1000000, not 0"),
            ("peers = 30001", "limits.peers must be a number from 1 to 30000, not 30001"),
            ("peers_per_address = 0", "limits.peers_per_address must be a number from 1 to 30000, not 0"),
            ("inventory = 10", "limits.inventory must be a number from 1000 to 10000000, not 10"),
            ("inventory_per_peer = 10", "limits.inventory_per_peer must be a number from 100 to 300000, not 10"),
            ("names = 10", "limits.names must be a number from 100 to 1000000, not 10"),
            ("names_per_peer = 10", "limits.names_per_peer must be a number from 100 to 40000, not 10"),
            ("log_lines = 0", "limits.log_lines must be a number from 10 to 1000000, not 0"),
            ("log_repeats = 0", "limits.log_repeats must be a number from 1 to 10000, not 0"),
        ])
    func refusals(line: String, message: String) {
        #expect(refusal("[limits]\n" + line) == "config.toml: " + message)
    }

    @Test("every number, size and period of the limits has bounds that its default lies within")
    func bounds() throws {
        let defaults = Configuration()
        let bounded = ConfigurationKey<Configuration>.limits.filter {
            ["number", "size", "period"].contains($0.typeName)
        }
        #expect(bounded.count > 20)
        for key in bounded where key.name != "limits.spool" {
            var copy = defaults
            try key.write(key.read(defaults), &copy)
            let nonsense: ConfigurationValue = key.shape == .integer ? .integer(-1) : .string("100w")
            let fault = #expect(throws: ValueFault.self, "\(key.name)") { try key.write(nonsense, &copy) }
            #expect(fault?.code == .badValue, "\(key.name)")
        }
    }

    @Test("a header that is to be smaller than its own first line is refused")
    func contradiction() {
        let both = "[limits]\nrequest_line = \"8KiB\"\nheaders = \"4KiB\""
        #expect(
            refusal(both)
                == "config.toml: limits.headers is \"4KiB\", less than limits.request_line (\"8KiB\"), which it counts, too: "
                + "raise limits.headers")
        #expect(refusal("[limits]\nrequest_line = \"32KiB\"")?.hasPrefix("config.toml: limits.headers is") == true)
        #expect(refusal("[limits]\nrequest_line = \"32KiB\"\nheaders = \"32KiB\"") == nil)
    }

    @Test("a variable sets a limit, and is refused as the file is")
    func variables() throws {
        let loaded = try load(environment: ["SHOAL_LIMITS_CONNECTIONS_PER_ADDRESS": "7"])
        #expect(loaded.limits.connectionsPerAddress == 7)
        #expect(
            refusal(environment: ["SHOAL_LIMITS_DOWNLOADS": "x"])
                == "SHOAL_LIMITS_DOWNLOADS: limits.downloads must be a number from 1 to 65536, not \"x\"")
    }

    // MARK: In the words of the modules

    @Test(
        "without a word in the configuration the listeners, waits, datagrams and the directory keep the modules' own limits"
    )
    func defaults() {
        let limits = Configuration.Limits()
        let (http, own) = (HTTPLimits(limits, files: nil), HTTPLimits())
        #expect(http.connections == own.connections && http.connectionsPerAddress == own.connectionsPerAddress)
        #expect(http.requests == own.requests && http.headerCount == own.headerCount)
        #expect(http.requestLineSize == own.requestLineSize && http.headerSize == own.headerSize)
        #expect(http.headerTime == own.headerTime && http.bodyIdleTime == own.bodyIdleTime)
        #expect(http.idleTime == own.idleTime && http.stallTime == own.stallTime)
        let (waits, ownWaits) = (WaitLimits(limits), WaitLimits())
        #expect(waits.total == ownWaits.total && waits.perAddress == ownWaits.perAddress)
        #expect(DatagramLimits(limits) == DatagramLimits())
        #expect(DirectoryLimits(limits) == DirectoryLimits())
        #expect(limits.downloads == BlobFetcher.Rules().downloads)
    }

    @Test("what is written reaches the listeners, waits, datagrams and the directory")
    func written() throws {
        let limits = try load(
            """
            [limits]
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
            datagrams = 500
            stranger_datagrams = 200
            datagrams_per_address = 20
            peers = 100
            peers_per_address = 4
            inventory = 5000
            inventory_per_peer = 1000
            names = 500
            names_per_peer = 200
            """
        ).limits
        let http = HTTPLimits(limits, files: nil)
        #expect(http.connections == 10 && http.connectionsPerAddress == 5 && http.requests == 20)
        #expect(http.requestLineSize == 4096 && http.headerSize == 8192 && http.headerCount == 50)
        #expect(http.headerTime == .seconds(5) && http.bodyIdleTime == .seconds(30))
        #expect(http.idleTime == .seconds(120) && http.stallTime == .seconds(3600))
        #expect(WaitLimits(limits).total == 0 && WaitLimits(limits).perAddress == 2)
        var datagrams = DatagramLimits()
        (datagrams.peers, datagrams.strangers, datagrams.perAddress) = (500, 200, 20)
        #expect(DatagramLimits(limits) == datagrams)
        var directory = DirectoryLimits()
        (directory.peers, directory.peersPerAddress) = (100, 4)
        (directory.digests, directory.digestsPerPeer) = (5000, 1000)
        (directory.references, directory.referencesPerPeer) = (500, 200)
        #expect(DirectoryLimits(limits) == directory)
    }

    @Test(
        "connections leave files to answer with", arguments: [(65_536, 1024), (4096, 512), (256, 32), (4, 1)])
    func connectionsByFiles(files: Int, connections: Int) {
        #expect(HTTPLimits(Configuration.Limits(), files: files).connections == connections)
    }

    @Test("fewer files than were asked for are a warning that says what to do, more are none")
    func fewFiles() {
        #expect(OpenFiles.warning(wanted: 1000, allowed: 1000) == nil)
        #expect(OpenFiles.warning(wanted: 1000, allowed: nil) == nil)
        #expect(OpenFiles.warning(wanted: 1000, allowed: 512)?.contains("LimitNOFILE=1000") == true)
    }
}
