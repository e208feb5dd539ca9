import Discovery
import Integrity
import Testing

@testable import Transfer

@Suite("What others say that pieces are")
struct PieceClaimsTests {
    private let giver = NodeID.random()
    private let suspect = NodeID.random()
    private let other = NodeID.random()

    private func claims() throws -> (PieceClaims, PieceClaims.Claim) {
        var claims = PieceClaims()
        let sum = try #require(PieceSum(bytes: [UInt8](repeating: 1, count: 32)))
        claims.learn(sum, of: 0, from: giver, origin: nil)
        return (claims, try #require(claims.claim(of: 0)))
    }

    @Test("convicts who contradicted a claim by which the piece was taken, once all is right")
    func convicted() throws {
        var (claims, claim) = try claims()
        #expect(claims.contradicted(0, by: [suspect], claim) == nil)
        claims.uphold(claim, of: 0)
        #expect(claims.convicted { _ in true } == [suspect])
        #expect(claims.convicted { _ in false } == [], "other bytes took the place of those that were as claimed")
    }

    @Test("convicts nobody by a claim that no bytes were as")
    func unproven() throws {
        var (claims, claim) = try claims()
        #expect(claims.contradicted(0, by: [suspect], claim) == nil)
        #expect(claims.convicted { _ in true } == [])
    }

    @Test("convicts nobody of a piece that several wrote")
    func several() throws {
        var (claims, claim) = try claims()
        #expect(claims.contradicted(0, by: [suspect, other], claim) == nil)
        claims.uphold(claim, of: 0)
        #expect(claims.convicted { _ in true } == [])
    }

    @Test("believes those again whom a giver has accused that two contradict")
    func cleared() throws {
        var (claims, claim) = try claims()
        #expect(claims.contradicted(0, by: [suspect], claim) == nil)
        #expect(claims.contradicted(0, by: [other], claim) == [suspect, other])
        #expect(claims.convicted { _ in true } == [] && claims.claim(of: 0) == nil)
    }
}
