import Testing

/// Something that no file may contain, save those that are named.
struct Ban: Sendable, CustomTestStringConvertible {
    var name: String
    /// A regular expression over a line of code, comments and strings blanked.
    var pattern: String
    var instead: String
    /// Files that may; nil: none.
    var isAllowed: @Sendable (HouseFile) -> Bool = { _ in false }
    /// Lines that the ban must see, and lines that it must not.
    var seen: [String]
    var passed: [String]

    var testDescription: String { name }

    func lines(of source: SwiftSource) throws -> [Int] {
        let regex = try Regex(pattern)
        return source.code.enumerated().filter { $0.element.contains(regex) }.map { $0.offset + 1 }
    }

    /// The rooms whose work is with raw memory.
    static let memoryRooms: Set<String> = ["DRSystem", "DRCrypto", "DRArchive"]

    static let all: [Ban] = [
        Ban(
            name: "reading a clock",
            pattern:
                #"\bDate\(\)|\bDate\.now\b|\b(Continuous|Suspending)Clock\b|\bclock_gettime\b|\bDispatchTime\.now"#,
            instead: "ask a TimeSource", isAllowed: { $0.target == "DRSystem" || $0.isTest },
            seen: ["let now = Date()", "Date.now", "ContinuousClock().now"],
            passed: ["// Date()", "let text = \"Date()\"", "Update()"]),
        Ban(
            name: "try!", pattern: #"\btry!"#, instead: "throw, or give a default",
            seen: ["let x = try! f()"], passed: ["try? f()", "try f()"]),
        Ban(
            name: "force unwrap or cast", pattern: #"[\w\)\]\}"]!(?![=\w])|\bas!"#, instead: "guard, or throw",
            seen: ["x!.count", "f()!", "list[0]! + 1", "y as! Int", "let x: Int!"],
            passed: ["x != y", "!flag", "a!=b", "\"hello!\"", "f(!x)"]),
        Ban(
            name: "fatalError", pattern: #"\bfatalError\b"#, instead: "throw an error that says what and what next",
            seen: ["fatalError(\"no\")"], passed: ["isFatal(error)"]),
        Ban(
            name: "public", pattern: #"^\s*(@\w+\s+)*public\b|\bpublic\s+(import|func|var|let|struct|enum|init)\b"#,
            instead: "package", seen: ["public func f()", "    public init()", "public import A"],
            passed: ["let public_key = 1", "isPublic()", "key.public"]),
        Ban(
            name: "unsafe", pattern: #"(^|[^.\w])unsafe\s+[\w(\[.&]|\(unsafe\)|@unsafe\b|@unchecked\b"#,
            instead: "keep raw memory in DRSystem, DRCrypto, DRArchive, the pack codec and the chunker",
            isAllowed: { file in
                file.isTest || memoryRooms.contains(file.target)
                    || (file.target == "DRRepository"
                        && ["Pack", "Chunk", "Compress", "Zstd"].contains { file.name.contains($0) })
            },
            seen: [
                "let x = unsafe pointer.pointee", "nonisolated(unsafe) var x", "unsafe memcpy(a, b, 1)",
                "@unchecked Sendable",
            ],
            passed: ["case unsafe", "case .unsafe: 1", "if effect == .unsafe { }", "// unsafe thing"]),
        Ban(
            name: "randomness in a pure room",
            pattern: #"\.random\(|\bSystemRandomNumberGenerator\b|\bUUID\(\)|\.shuffled\(\)"#,
            instead: "take it as an input",
            isAllowed: { !["DRRunbook", "DRMachine", "DRMeasure"].contains($0.target) },
            seen: ["Int.random(in: 0..<3)", "UUID()"], passed: ["randomSeed(x)"]),
    ]
}

@Suite struct BanTests {
    @Test("No file does what is banned", arguments: Ban.all)
    func nothingBanned(ban: Ban) throws {
        for file in House.files where !ban.isAllowed(file) {
            for line in try ban.lines(of: file.source) {
                Issue.record("\(file.path):\(line): \(ban.name) is banned: \(ban.instead)")
            }
        }
    }

    @Test("Each ban sees its examples and passes its counterexamples", arguments: Ban.all)
    func bansWork(ban: Ban) throws {
        for line in ban.seen { #expect(try !ban.lines(of: SwiftSource(line)).isEmpty, "not seen: \(line)") }
        for line in ban.passed { #expect(try ban.lines(of: SwiftSource(line)).isEmpty, "wrongly seen: \(line)") }
    }

    @Test("The house was found at all")
    func houseIsThere() {
        #expect(House.sources.contains { $0.path == "Sources/DRCrypto/Primitives/Digest.swift" })
        #expect(House.files.contains { $0.path == "Tests/TidyTests/BanTests.swift" })
    }
}
