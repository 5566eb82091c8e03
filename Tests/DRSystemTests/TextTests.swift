import DRSystem
import SystemPackage
import Testing

@Suite struct TextTests {
    @Test(
        arguments: [
            (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (1049, "1.0 kB"), (1050, "1.1 kB"),
            (99_949, "99.9 kB"), (99_950, "100 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (999_950, "1.0 MB"),
            (3_500_000_000, "3.5 GB"), (-1500, "-1.5 kB"), (Int64.max, "9.2 EB"), (Int64.min, "-9.2 EB"),
        ] as [(Int64, String)])
    func `byte counts read as people say them`(bytes: Int64, text: String) {
        #expect(ByteCount(bytes).description == text)
    }

    @Test(arguments: [
        ("plain, with ümläut and 日本", "plain, with ümläut and 日本"), ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u{1B}[31mred", "\\u{1B}[31mred"), ("back\\slash", "back\\\\slash"), ("\u{202E}evil", "\\u{202E}evil"),
        ("\u{7F}\u{0}", "\\u{7F}\\u{0}"),
    ])
    func `what moves a terminal is shown as an escape`(text: String, escaped: String) {
        #expect(displayEscaped(text) == escaped)
    }

    @Test(arguments: [
        Errno.noSpace, .permissionDenied, .noSuchFileOrDirectory, .tooManyOpenFiles, .readOnlyFileSystem, .ioError,
        .addressInUse, .diskQuotaExceeded,
    ])
    func `common failures say what, where, why and what next`(errno: Errno) throws {
        let error = SystemError(call: "write", path: "/a/\u{1B}b", errno: errno)
        #expect(error.message.hasPrefix("could not write /a/\\u{1B}b: "))
        #expect(!error.message.contains("errno"))
        #expect(try !#require(error.hint).isEmpty)
    }

    @Test func `a failure without a text of ours still names itself`() {
        #expect(SystemError(call: "open", path: "x", errno: .deadlock).message.contains("errno 35"))
    }
}
