import Discovery
import OCI
import SystemPackage
import Testing
import Transfer

@testable import Agent

@Suite("The memory of which images are public")
struct PublicImagesTests {
    private func image() throws -> PublicAnswers.Image {
        .init(origin: try Origin("docker.io/library/a"), digest: try TestNode().digest(1))
    }

    @Test("outlives a restart")
    func durable() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("public-images.json")
        let image = try image()
        let images = PublicImages(path: path, logger: LogRecorder().logger)
        #expect(images.record(true, of: image, at: 5))
        await images.save()
        #expect(PublicImages(path: path, logger: LogRecorder().logger).isPublic(image.digest, at: image.origin) == true)
    }

    @Test("tells an answer of today from an older one")
    func publicity() throws {
        let images = PublicImages(path: try TemporaryFolder().path.appending("a.json"), logger: LogRecorder().logger)
        let image = try image()
        func publicity(_ now: Int64) -> Publicity {
            images.publicity(of: image.digest, at: image.origin, now: now)
        }
        #expect(publicity(0) == .unknown)
        images.record(true, of: image, at: 5)
        #expect(publicity(5 + PublicAnswers.validity) == .yes)
        #expect(publicity(6 + PublicAnswers.validity) == .wasOnce)
        images.record(false, of: image, at: 5)
        #expect(publicity(6) == .no)
    }

    @Test(
        "begins anew where its file is damaged, says so once, and can be written again",
        arguments: ["", "{", "[1]", "{}"])
    func damaged(_ text: String) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path.appending("public-images.json")
        try SmallFile.replace(path, with: Array(text.utf8))
        let log = LogRecorder()
        let images = PublicImages(path: path, logger: log.logger)
        #expect(log.warnings.count == 1)
        let image = try image()
        #expect(images.due([image], now: 0) == [image])
        images.record(false, of: image, at: 5)
        await images.save()
        #expect(
            PublicImages(path: path, logger: LogRecorder().logger).isPublic(image.digest, at: image.origin) == false)
    }

    @Test("says nothing where there is no file yet")
    func missing() throws {
        let log = LogRecorder()
        _ = PublicImages(path: try TemporaryFolder().path.appending("public-images.json"), logger: log.logger)
        #expect(log.warnings == [])
    }

    @Test("goes on in memory where the file cannot be written")
    func unwritable() async throws {
        let log = LogRecorder()
        let images = PublicImages(path: "/proc/none/public-images.json", logger: log.logger)
        let image = try image()
        images.record(true, of: image, at: 5)
        await images.save()
        #expect(log.warnings.count == 1)
        #expect(images.isPublic(image.digest, at: image.origin) == true)
    }

    @Test("takes as news what is another answer than before")
    func news() throws {
        let images = PublicImages(
            path: try TemporaryFolder().path.appending("public-images.json"), logger: LogRecorder().logger)
        let image = try image()
        #expect(images.record(true, of: image, at: 5))
        #expect(!images.record(true, of: image, at: 6))
        #expect(images.record(false, of: image, at: 7))
        #expect(images.due([image], now: 8) == [])
    }
}
