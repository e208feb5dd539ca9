import Testing

@testable import Archive

struct ArchivePathTests {
    @Test(
        "a name has one form, however it is written",
        arguments: [
            ("a/b", "a/b"), ("./a/b", "a/b"), ("/a//b/", "a/b"), ("a/./b", "a/b"), ("a/c/../b", "a/b"), ("../a", nil),
            ("a/../..", nil), ("a/..", nil), ("", nil), (".", nil), ("/", nil), ("é", nil), ("a\u{0}b", nil),
            ("a\nb", nil),
        ] as [(String, String?)])
    func normalized(name: String, form: String?) {
        #expect(ArchivePath.normalized(name) == form)
    }

    @Test(
        "a link is read from its own folder", arguments: [("../b/layer.tar", "b/layer.tar"), ("x", "a/x"), ("/x", "x")])
    func relative(target: String, form: String) {
        #expect(ArchivePath.normalized(target, from: ["a"]) == form)
    }
}
