import Discovery
import SystemPackage
import Testing
import Transfer

@testable import Agent

@Suite struct MetersTests {
    @Test("a damaged file of the day is one warning, and the day begins at zero")
    func damaged() throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("today.json")
        try SmallFile.replace(path, with: Array("{\"day\"".utf8))
        let log = LogRecorder()
        let meters = Meters(counters: TransferCounters(), file: DayFile(path: path), logger: log.logger)
        #expect(log.warnings.count == 1)
        #expect(meters.today == .zero)
    }

    @Test("what was moved today goes on after a restart, and is in the history at once")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let file = DayFile(path: folder.path.appending("today.json"))
        let before = ByteCounts(store: 5, peers: 6, upstream: 7, servedToPeers: 8)
        // Far ahead, so that no midnight comes between: a clock that is behind changes nothing.
        try file.write(DayCounters(day: "9999-01-01", bytes: before))
        let counters = TransferCounters()
        let meters = Meters(counters: counters, file: file, logger: LogRecorder().logger)
        counters.readFromStore(10)
        counters.served(20)
        let moved = ByteCounts(store: 10, peers: 0, upstream: 0, servedToPeers: 20)
        #expect(meters.today == before + moved)
        #expect(meters.history.store.reduce(0, +) == 10)
        #expect(meters.history.served.reduce(0, +) == 20)

        // Its end writes the file down.
        let running = Task { try await meters.run() }
        running.cancel()
        try await running.value
        #expect(try file.read()?.bytes == before + moved)
    }

    @Test("what readers got is added up by where it came from, and what upstream did not send is saved")
    func readers() throws {
        let folder = try TemporaryFolder()
        let meters = Meters(
            counters: TransferCounters(), file: DayFile(path: folder.path.appending("today.json")),
            logger: LogRecorder().logger)
        meters.opened(after: .milliseconds(3))
        meters.delivered(DeliveredBytes(store: 1, peers: 2, upstream: 4), whole: nil)
        meters.delivered(DeliveredBytes(store: 10, peers: 20, upstream: 40), whole: .seconds(2))
        #expect(meters.readers.bytes == DeliveredBytes(store: 11, peers: 22, upstream: 44))
        #expect(meters.readers.bytes.saved == 33)
        #expect(meters.readers.firstByte.count == 1)
        #expect(meters.readers.wholeBlob.count == 1)
    }
}
