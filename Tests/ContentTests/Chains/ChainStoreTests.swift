import Glibc
import Integrity
import OCI
import SystemPackage
import Testing

@testable import Content

@Suite("The store of chains")
struct ChainStoreTests {
    /// Of the suite, so that it lives as long as the test.
    private let scratch: Scratch
    private let log = LogRecorder()

    init() throws {
        scratch = try Scratch()
    }

    private var folder: FilePath { scratch.path.appending("chains") }

    private func store() -> ChainStore { ChainStore(directory: folder, logger: log.logger) }

    private func path(_ chain: HashChain) -> FilePath { folder.appending("sha256-\(chain.digest.hex).chain") }

    @Test("A chain that was kept is there after a restart, and before", arguments: [2, 3, 40])
    func keeping(pieces: Int) throws {
        let chain = try madeUpChain(1, pieces: pieces)
        let store = store()
        store.keep(chain)
        for store in [store, self.store()] {
            #expect(store.chain(of: chain.digest, size: chain.size) == chain)
            #expect(store.encoded(chain.digest) == chain.encoded)
        }
        #expect(log.warnings.isEmpty)
    }

    @Test("Nothing is known of a digest that nobody kept a chain of, or of another size")
    func absent() throws {
        let chain = try madeUpChain(1, pieces: 3)
        let store = store()
        store.keep(chain)
        #expect(store.chain(of: digestOf([2]), size: chain.size) == nil)
        #expect(store.chain(of: chain.digest, size: chain.size - 1) == nil)
        #expect(store.chain(of: digestOf([1], .sha512), size: chain.size) == nil)
        #expect(store.encoded(digestOf([2])) == nil)
        #expect(log.warnings.isEmpty)
    }

    @Test("A chain takes 32 bytes for each piece, and nobody else may read it", arguments: [2, 300])
    func size(pieces: Int) throws {
        let chain = try madeUpChain(1, pieces: pieces)
        store().keep(chain)
        var status = stat()
        #expect(stat(path(chain).string, &status) == 0)
        #expect(status.st_size == 32 * pieces)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(try scratch.names(in: folder) == ["sha256-\(chain.digest.hex).chain"])
    }

    @Test("Blobs of one piece need no chain, and one that is growing is not kept")
    func needless() throws {
        let store = store()
        store.keep(try madeUpChain(1, pieces: 1))
        let growing = try HashChain(digest: digestOf([2]), size: 20 << 20, encoded: state(1).bytes)
        store.keep(growing)
        #expect(store.chain(of: growing.digest, size: growing.size) == nil)
        #expect(try scratch.names(in: folder).isEmpty)
    }

    /// What may have become of a file.
    static let faults: [(String, @Sendable ([UInt8]) -> [UInt8])] = [
        ("empty", { _ in [] }),
        ("cut within its head", { Array($0.prefix(31)) }),
        ("cut within a state", { Array($0.dropLast(1)) }),
        ("a state short", { Array($0.dropLast(32)) }),
        ("longer", { $0 + [0] }),
        ("of another format", { [UInt8(ascii: "x")] + $0.dropFirst() }),
        ("of another size", { $0.enumerated().map { $0.offset == 11 ? $0.element ^ 1 : $0.element } }),
        ("a flipped bit in the checksum", { $0.enumerated().map { $0.offset == 20 ? $0.element ^ 1 : $0.element } }),
        ("a flipped bit in a state", { $0.enumerated().map { $0.offset == 70 ? $0.element ^ 1 : $0.element } }),
    ]

    @Test("A file that is unsound is removed with a warning", arguments: 0..<faults.count)
    func unsound(fault: Int) throws {
        let chain = try madeUpChain(1, pieces: 4)
        store().keep(chain)
        try scratch.write(Self.faults[fault].1(try scratch.read(path(chain))), to: path(chain))
        #expect(store().chain(of: chain.digest, size: chain.size) == nil, "\(Self.faults[fault].0)")
        #expect(!scratch.exists(path(chain)))
        #expect(log.warnings.count == 1)
    }

    @Test("A chain under another blob's name is none of that blob's")
    func renamed() throws {
        let (chain, other) = (try madeUpChain(1, pieces: 4), try madeUpChain(2, pieces: 4))
        store().keep(chain)
        #expect(rename(path(chain).string, path(other).string) == 0)
        #expect(store().chain(of: other.digest, size: other.size) == nil)
        #expect(log.warnings.count == 1)
    }

    @Test("A chain that was wrong is replaced by the next that is kept")
    func replacing() throws {
        let chain = try madeUpChain(1, pieces: 4)
        let store = store()
        store.keep(try forged(chain, at: 1))
        store.keep(chain)
        #expect(self.store().chain(of: chain.digest, size: chain.size) == chain)
    }

    @Test("A chain that is dropped is gone; dropping it with a reason is told")
    func dropping() throws {
        let chains = try [madeUpChain(1, pieces: 2), madeUpChain(2, pieces: 2)]
        let store = store()
        for chain in chains { store.keep(chain) }
        store.drop(chains[0].digest)
        #expect(log.warnings.isEmpty)
        store.drop(chains[1].digest, because: "a link does not hold")
        #expect(log.warnings.count == 1)
        for chain in chains { #expect(store.chain(of: chain.digest, size: chain.size) == nil) }
        #expect(try scratch.names(in: folder).isEmpty)
    }

    @Test("Pruning lets go of what is not held, and of nothing else in the folder")
    func pruning() throws {
        let chains = try (1...4).map { try madeUpChain(UInt8($0), pieces: 2) }
        let store = store()
        for chain in chains { store.keep(chain) }
        try scratch.write([1], to: folder.appending("README"))
        #expect(store.prune { $0 == chains[2].digest } == 3)
        #expect(chains.map { store.chain(of: $0.digest, size: $0.size) != nil } == [false, false, true, false])
        #expect(scratch.exists(folder.appending("README")))
    }

    @Test("What a writer that died has left is removed at the start")
    func leftovers() throws {
        let chain = try madeUpChain(1, pieces: 2)
        store().keep(chain)
        try scratch.write([1, 2], to: folder.appending("sha256-\(chain.digest.hex).7.chain"))
        #expect(store().chain(of: chain.digest, size: chain.size) == chain)
        #expect(try scratch.names(in: folder).count == 1)
    }

    @Test("Where the folder cannot be used there is one warning, and chains live as long as the agent")
    func unusable() throws {
        try scratch.write([], to: folder)
        let store = store()
        let chain = try madeUpChain(1, pieces: 2)
        store.keep(chain)
        store.keep(try madeUpChain(2, pieces: 2))
        #expect(store.chain(of: chain.digest, size: chain.size) == chain)
        #expect(log.warnings.count == 1)
    }
}
