import Testing
import Transfer

@testable import Agent

@Suite struct TransferRatesTests {
    @Test("each rate of the configuration limits its own direction, and a reload sets and lifts them")
    func apply() throws {
        let configuration = try load("[limits]\nupload_rate = \"80MB/s\"\nupstream_rate = \"1MB/s\"")
        let rates = TransferRates(configuration.limits)
        #expect(rates.upload.portion == 1_000_000)
        #expect(rates.upstream.portion == 16 << 10)
        #expect(rates.download.portion == nil)
        let changed = try load("[limits]\ndownload_rate = \"80MB/s\"")
        rates.apply(ReloadableSettings(changed).rates)
        #expect(rates.upload.portion == nil)
        #expect(rates.upstream.portion == nil)
        #expect(rates.download.portion == 1_000_000)
    }
}
