import OCI
import Testing

@testable import Archive

struct LoadNameTests {
    @Test(
        "names of the local namespace stay, those of none, of Docker Hub and of localhost become local",
        arguments: [
            ("localhost:5050/team/app:v1", "localhost:5050/team/app:v1"),
            ("127.0.0.1:5050/app:v1", "localhost:5050/app:v1"),
            ("docker.io/library/nginx:1.27", "localhost:5050/nginx:1.27"), ("nginx", "localhost:5050/nginx"),
            ("docker.io/team/app:v1", "localhost:5050/team/app:v1"), ("team/app", "localhost:5050/team/app"),
            ("index.docker.io/library/a/b:1", "localhost:5050/a/b:1"), ("library/x:1", "localhost:5050/x:1"),
            ("localhost/team/app:v1", "localhost:5050/team/app:v1"),
        ])
    func names(text: String, local: String) throws {
        let name = try LoadName(text)
        #expect(name.description == local)
        #expect(try LoadName(name.description) == name)
        #expect(name.reference().registry == nil)
    }

    @Test("a tag that is not written is none, and assumed only for the image's reference")
    func tags() throws {
        #expect(try LoadName("localhost:5050/app").tag == nil)
        #expect(try LoadName("localhost:5050/app").reference().description == "localhost:5050/app:latest")
        #expect(try LoadName("app:latest").tag == .latest)
        #expect(try LoadName("app").reference(assuming: Tag("v2")).tag == Tag("v2"))
    }

    @Test(
        "names of other registries, digests and what is no name are refused, and it is said what to write",
        arguments: [
            ("ghcr.io/team/app:v1", "localhost:5050/team/app"), ("localhost:5000/app:v1", "localhost:5050/app"),
            ("app@sha256:" + String(repeating: "0", count: 64), "has a digest"), ("UPPER", "lower case"), ("", "empty"),
        ])
    func refused(text: String, words: String) {
        do throws(OCIError) {
            Issue.record("\(try LoadName(text)) was taken")
        } catch {
            #expect(error.message.contains(words), "\(error.message)")
        }
    }
}
