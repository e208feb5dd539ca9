import Testing

@testable import Discovery

@Suite struct GateTests {
    @Test("a bucket gives its burst at once and then its rate")
    func bucket() {
        let rate = TokenBucket.Rate(perSecond: 10, burst: 3)
        var bucket = TokenBucket(rate)
        let atOnce = (0..<5).map { _ in bucket.take(rate, now: Samples.start) }
        #expect(atOnce == [true, true, true, false, false])
        #expect(bucket.take(rate, now: Samples.at(0.101)) == true)
        #expect(bucket.take(rate, now: Samples.at(0.15)) == false)
    }

    @Test("a clock that seems to go back gives nothing away")
    func backwards() {
        let rate = TokenBucket.Rate(perSecond: 10, burst: 1)
        var bucket = TokenBucket(rate)
        #expect(bucket.take(rate, now: Samples.at(10)) == true)
        #expect(bucket.take(rate, now: Samples.at(5)) == false)
        #expect(bucket.take(rate, now: Samples.at(10.05)) == false)
    }

    @Test("one address cannot use up what all have")
    func oneFlooder() {
        var gate = FloodGate()
        let admitted = (0..<10_000).count { _ in gate.admit(Samples.ip("10.0.0.66"), isPeer: false, now: Samples.start)
        }
        #expect(admitted == 300)
        #expect(gate.admit(Samples.ip("10.0.0.1"), isPeer: true, now: Samples.start) == true)
    }

    @Test("a flood from forged addresses leaves room for known peers")
    func forgedFlood() {
        var limits = DatagramLimits()
        limits.perAddress = 100_000
        var gate = FloodGate(rates: .init(limits))
        var admitted = 0
        for number in 0..<50_000 {
            let address = IPAddress(family: .v4, bits: UInt128(0x0a00_0000 + number))
            if gate.admit(address, isPeer: false, now: Samples.start) { admitted += 1 }
        }
        #expect(admitted == 1000)
        #expect(gate.admit(Samples.ip("192.168.0.1"), isPeer: true, now: Samples.start) == true)
    }

    @Test("the limits that are set are the ones that count")
    func limits() {
        var limits = DatagramLimits()
        (limits.perAddress, limits.strangers, limits.peers) = (10, 40, 60)
        var gate = FloodGate(rates: .init(limits))
        func admitted(_ addresses: Range<Int>, isPeer: Bool, each count: Int) -> Int {
            addresses.reduce(0) { sum, number in
                let address = IPAddress(family: .v4, bits: UInt128(0x0a00_0000 + number))
                return sum + (0..<count).count { _ in gate.admit(address, isPeer: isPeer, now: Samples.start) }
            }
        }
        #expect(admitted(0..<1, isPeer: false, each: 100) == 30)
        #expect(admitted(1..<50, isPeer: false, each: 1) == 10)
        #expect(admitted(50..<200, isPeer: true, each: 1) >= 50)
    }

    @Test("an asker gets so many answers, and others still get theirs")
    func answers() {
        var gate = AnswerGate(rates: .init(waiting: 100_000))
        let admitted = (0..<1000).count { _ in gate.admit(Samples.ip("10.0.0.66"), now: Samples.start) }
        #expect(admitted == 100)
        #expect(gate.admit(Samples.ip("10.0.0.1"), now: Samples.start) == true)
    }

    @Test("answers that wait for their moment are bounded")
    func waiting() {
        var gate = AnswerGate(
            rates: .init(
                asker: .init(perSecond: 0, burst: 1000), total: .init(perSecond: 0, burst: 1000), waiting: 2))
        let asker = Samples.ip("10.0.0.1")
        let admitted = (0..<3).map { _ in gate.admit(asker, now: Samples.start) }
        #expect(admitted == [true, true, false])
        gate.sent()
        #expect(gate.admit(asker, now: Samples.start) == true)
    }
}
