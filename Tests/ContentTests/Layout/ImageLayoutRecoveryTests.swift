import Content
import Glibc
import OCI
import SystemPackage
import Testing

/// An agent can die at any point; whatever it leaves is a layout that opens and that skopeo reads.
@Suite("An image layout after a crash")
struct ImageLayoutRecoveryTests {
    private func recorded(in scratch: Scratch) async throws -> TestImage {
        let layout = try scratch.layout()
        let image = try TestImage("a", layers: [bytes(1_000)])
        try await image.put(into: layout)
        try await layout.record(try image.record("nginx"))
        return image
    }

    @Test("A fresh folder becomes an image layout")
    func fresh() throws {
        let scratch = try Scratch()
        _ = try scratch.layout()
        let marker = try scratch.read(scratch.store.appending("oci-layout"))
        #expect(String(decoding: marker, as: UTF8.self) == #"{"imageLayoutVersion":"1.0.0"}"#)
        let index = String(decoding: try scratch.read(scratch.store.appending("index.json")), as: UTF8.self)
        #expect(index.contains(#""manifests":[]"#) && index.contains(#""schemaVersion":2"#))
        #expect(try scratch.names(in: scratch.store.appending("blobs")) == ["sha256", "sha512"])
    }

    @Test("Opened again it holds what it held, and nothing is written anew")
    func again() async throws {
        let scratch = try Scratch()
        let image = try await recorded(in: scratch)
        var before = stat()
        #expect(stat(scratch.store.appending("index.json").string, &before) == 0)
        let log = LogRecorder()
        let layout = try scratch.layout(log: log)
        #expect(
            Set(layout.blobs().map(\.digest))
                == Set((image.layers + [image.config, image.manifest]).map { digestOf($0) }))
        #expect(layout.images() == [try image.record("nginx", origin: "docker.io/library/nginx")])
        var after = stat()
        #expect(stat(scratch.store.appending("index.json").string, &after) == 0)
        #expect(before.st_ino == after.st_ino)
        #expect(log.warnings == [])
    }

    @Test("What was half-written is wiped")
    func temporaries() async throws {
        let scratch = try Scratch()
        _ = try await recorded(in: scratch)
        let temporary = scratch.store.appending("tmp")
        try scratch.write(bytes(100), to: temporary.appending("123-4"))
        #expect(symlink("/etc/hostname", temporary.appending("link").string) == 0)
        _ = try scratch.layout()
        #expect(try scratch.names(in: temporary) == [])
        #expect(access("/etc/hostname", F_OK) == 0)
    }

    @Test(
        "A damaged index.json is moved aside with a warning, and the blobs are kept",
        arguments: ["", "{\"schemaVersion\":2,\"manif", "[]", "\0\0\0\0"])
    func damagedIndex(_ text: String) async throws {
        let scratch = try Scratch()
        let image = try await recorded(in: scratch)
        let index = scratch.store.appending("index.json")
        try scratch.write(Array(text.utf8), to: index)
        let log = LogRecorder()
        let layout = try scratch.layout(log: log)
        #expect(layout.images() == [])
        #expect(layout.usage.blobs == 3)
        #expect(try scratch.read(scratch.store.appending("index.json.damaged-1")) == Array(text.utf8))
        #expect(log.warnings.count == 1)
        #expect(log.warnings.first?.contains("index.json.damaged-1") == true)
        try await layout.record(try image.record("nginx"))
        #expect(try scratch.layout().images().count == 1)
    }

    @Test("Damaged files are kept to be looked at, up to a number")
    func damagedAgain() throws {
        let scratch = try Scratch()
        for round in 0..<12 {
            _ = try scratch.layout()
            try scratch.write([UInt8(round)], to: scratch.store.appending("index.json"))
        }
        _ = try scratch.layout()
        let aside = try scratch.names(in: scratch.store).filter { $0.hasPrefix("index.json.damaged-") }
        #expect(aside.count == 9)
        #expect(try scratch.read(scratch.store.appending("index.json.damaged-9")) == [11])
    }

    @Test(
        "A damaged or foreign oci-layout is moved aside and written anew",
        arguments: ["", "{}", #"{"imageLayoutVersion":"2.0.0"}"#])
    func damagedMarker(_ text: String) async throws {
        let scratch = try Scratch()
        _ = try await recorded(in: scratch)
        let marker = scratch.store.appending("oci-layout")
        try scratch.write(Array(text.utf8), to: marker)
        let log = LogRecorder()
        #expect(try scratch.layout(log: log).images().count == 1)
        #expect(try String(decoding: scratch.read(marker), as: UTF8.self).contains("1.0.0"))
        #expect(scratch.exists(scratch.store.appending("oci-layout.damaged-1")))
        #expect(log.warnings.count == 1)
    }

    @Test("A link in the place of index.json is moved aside, and what it leads to is not touched")
    func linkedIndex() throws {
        let scratch = try Scratch()
        _ = try scratch.layout()
        let target = scratch.path.appending("target")
        try scratch.write([7], to: target)
        let index = scratch.store.appending("index.json")
        #expect(unlink(index.string) == 0 && symlink(target.string, index.string) == 0)
        _ = try scratch.layout()
        #expect(try scratch.read(target) == [7])
        #expect(try OpenFile.open(path: index).size() > 1)
    }

    @Test("A missing index.json is written")
    func missingIndex() async throws {
        let scratch = try Scratch()
        _ = try await recorded(in: scratch)
        #expect(unlink(scratch.store.appending("index.json").string) == 0)
        let layout = try scratch.layout()
        #expect(layout.usage.blobs == 3)
        #expect(scratch.exists(scratch.store.appending("index.json")))
    }

    @Test("A record whose manifest did not make it to disk is dropped")
    func recordWithoutManifest() async throws {
        let scratch = try Scratch()
        let image = try await recorded(in: scratch)
        #expect(unlink(scratch.blobPath(image.digest).string) == 0)
        #expect(try scratch.layout().images() == [])
        let index = try scratch.read(scratch.store.appending("index.json"))
        #expect(!String(decoding: index, as: UTF8.self).contains(image.digest.hex))
    }

    @Test("A file that a power cut left without its bytes is no blob; the blob of no bytes is one")
    func emptyFiles() async throws {
        let scratch = try Scratch()
        let layout = try scratch.layout()
        try await layout.put([], as: digestOf([]))
        try await layout.put([], as: digestOf([], .sha512))
        try scratch.write([], to: scratch.blobPath(digestOf([1])))
        let log = LogRecorder()
        let reopened = try scratch.layout(log: log)
        #expect(Set(reopened.blobs().map(\.digest)) == [digestOf([]), digestOf([], .sha512)])
        #expect(!scratch.exists(scratch.blobPath(digestOf([1]))))
        #expect(log.warnings.count == 1)
    }

    @Test("A manifest whose bytes have changed on disk is withdrawn with its records")
    func damagedManifest() async throws {
        let scratch = try Scratch()
        let image = try await recorded(in: scratch)
        var changed = image.manifest
        changed[changed.count - 1] ^= 1
        try scratch.write(changed, to: scratch.blobPath(image.digest))
        let log = LogRecorder()
        let layout = try scratch.layout(log: log)
        #expect(layout.images() == [])
        #expect(layout.size(of: image.digest) == nil)
        #expect(layout.usage.blobs == 2)
        #expect(log.warnings.count == 1)
    }

    @Test("What is no blob never becomes one, is left alone and named in one warning")
    func strangers() throws {
        let scratch = try Scratch()
        _ = try scratch.layout()
        let folder = scratch.store.appending("blobs/sha256")
        let hex = digestOf([1]).hex
        for name in ["README", "\(hex.dropLast())", hex.uppercased(), "\(hex).tmp", "evil\u{1b}[2J"] {
            try scratch.write([1], to: folder.appending(name))
        }
        #expect(symlink("/etc/hostname", folder.appending(hex).string) == 0)
        #expect(mkdir(folder.appending(digestOf([2]).hex).string, 0o700) == 0)
        #expect(mkfifo(folder.appending(digestOf([3]).hex).string, 0o600) == 0)
        #expect(mkdir(scratch.store.appending("blobs/md5").string, 0o700) == 0)
        let before = try scratch.names(in: folder)
        let log = LogRecorder()
        let layout = try scratch.layout(log: log)
        #expect(layout.blobs() == [])
        #expect(try scratch.names(in: folder) == before)
        #expect(log.warnings.count == 1)
        #expect(log.warnings.first?.contains("count=9") == true)
        #expect(log.warnings.first?.contains("\u{1b}") == false)
    }

    @Test("Entries that other programs have written into index.json stay there")
    func foreignEntries() async throws {
        let scratch = try Scratch()
        let image = try TestImage("a", layers: [])
        try await image.put(into: try scratch.layout())
        let index = try TestIndex([image.descriptor])
        try scratch.write(index.bytes, to: scratch.store.appending("index.json"))
        let layout = try scratch.layout()
        #expect(layout.images() == [])
        let other = try TestImage("b", layers: [])
        try await other.put(into: layout)
        try await layout.record(try other.record("nginx"))
        let text = String(decoding: try scratch.read(scratch.store.appending("index.json")), as: UTF8.self)
        #expect(text.contains(image.digest.hex) && text.contains(other.digest.hex))
    }
}
