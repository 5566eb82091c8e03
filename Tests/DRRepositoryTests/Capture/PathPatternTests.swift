import Testing

@testable import DRRepository

@Suite struct PathPatternTests {
    @Test(
        "What matches",
        arguments: [
            ("*.tmp", "/a/b/x.tmp"), ("*.tmp", "/x.tmp"), ("*.tmp", "/.tmp"), ("cache", "/a/cache"), ("/a", "/a"),
            ("/a/*", "/a/b"), ("a/b", "/x/a/b"), ("**/b", "/b"), ("/a/**/b", "/a/b"), ("/a/**/b", "/a/x/y/b"),
            ("/a/**", "/a/x/y"), ("?", "/x"), ("?", "/\u{E9}"), ("[a-c]x", "/bx"), ("[!a-c]x", "/dx"),
            ("[]]", "/]"), ("[", "/["), ("\\*", "/*"), ("a*b*c", "/aXbXbXc"), ("*", "/anything"), ("**", "/a"),
            ("x[", "/x["), ("/a/**/b/**/c", "/a/1/b/2/3/c"),
        ])
    func matches(pattern: String, path: String) throws {
        #expect(try #require(PathPattern(Array(pattern.utf8))).matches(path: Array(path.utf8), isFolder: false))
    }

    @Test(
        "What does not",
        arguments: [
            ("*.tmp", "/x.tmp2"), ("/a", "/b/a"), ("/a/*", "/a/b/c"), ("/a", "/a/b"), ("a/b", "/a/x/b"),
            ("/a/**", "/a"), ("[a-c]x", "/dx"), ("[!a-c]x", "/bx"), ("\\*", "/x"), ("a*b*c", "/aXbX"), ("?", "/xy"),
            ("x/", "/x"), ("*", "/a/b/"), ("/a/**/b/**/c", "/a/b"),
        ])
    func differs(pattern: String, path: String) throws {
        let matcher = try #require(PathPattern(Array(pattern.utf8)))
        let isMatch = matcher.matches(path: Array(path.utf8), isFolder: false)
        // `*` alone matches at every depth.
        #expect(isMatch == (pattern == "*"))
    }

    @Test("A slash at the end means folders", arguments: [true, false])
    func folders(isFolder: Bool) throws {
        #expect(
            try #require(PathPattern(Array("x/".utf8))).matches(path: Array("/a/x".utf8), isFolder: isFolder)
                == isFolder)
    }

    @Test("Names that are not UTF-8 match as bytes")
    func bytes() throws {
        let pattern = try #require(PathPattern([0x2A, 0xFF]))
        #expect(pattern.matches(path: [0x2F, 0x61, 0xFE, 0xFF], isFolder: false))
        #expect(!pattern.matches(path: [0x2F, 0x61, 0xFF, 0xFE], isFolder: false))
    }

    @Test("Patterns that could match nothing are none", arguments: ["", "/", "//", "a//b", "../a", "a/./b", "a\0b"])
    func none(pattern: String) { #expect(PathPattern(Array(pattern.utf8)) == nil) }

    @Test("Many stars take no time to speak of")
    func stars() throws {
        let pattern = try #require(PathPattern(Array((String(repeating: "a*", count: 60) + "b").utf8)))
        #expect(!pattern.matches(path: Array(("/" + String(repeating: "a", count: 250)).utf8), isFolder: false))
    }

    @Test("Lines of a file are rules; a wrong one is told by its number")
    func list() {
        let (rules, wrong) = PathRule.list(Array("# first\n\n*.tmp\r\n!keep.tmp\n\\#x".utf8))
        #expect(wrong == nil)
        #expect(rules.map(\.keeps) == [false, true, false])
        #expect(PathRule.list(Array("a\nb//c\n".utf8)).wrongLine == 2)
    }
}
