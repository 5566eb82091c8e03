import Testing

@Suite struct SizeTests {
    static let longestFile = 400
    static let longestFunction = 70

    @Test("A file is at most 400 lines", arguments: House.files)
    func fileLength(file: HouseFile) {
        #expect(file.source.lines.count <= Self.longestFile, "\(file.path) has \(file.source.lines.count) lines")
    }

    @Test("A function is at most 70 lines", arguments: House.files)
    func functionLength(file: HouseFile) {
        for function in file.source.functions {
            #expect(
                function.lineCount <= Self.longestFunction,
                "\(file.path):\(function.firstLine): \(function.lineCount) lines: \(function.name)")
        }
    }

    @Test("Bodies are found, and only bodies")
    func bodies() {
        let source = SwiftSource(
            #"""
            protocol P {
                func required() -> Int
                var stored: Int { get }
            }
            struct S: P {
                var plain = [1, 2].map { $0 }
                var stored: Int { 1 }
                init?(
                    text: String = "{",
                    closure: () -> Int = { 3 }
                ) {
                    guard text == "}" else { return nil }
                }
                func required() -> Int {
                    // }
                    let made = S.init(text: "}\(call { "}" })") {
                        2
                    }
                    return made == nil ? 0 : 1
                }
                subscript(index: Int) -> Int {
                    index
                }
                deinit {}
            }
            """#)
        let found = source.functions.map { "\($0.firstLine)+\($0.lineCount)" }
        #expect(found == ["3+1", "7+1", "8+6", "14+7", "21+3", "24+1"])
    }

    @Test("A long function is seen as long")
    func longFunction() {
        let body = Array(repeating: "    print(\"{\")", count: 80).joined(separator: "\n")
        #expect(SwiftSource("func long() {\n\(body)\n}").functions.map(\.lineCount) == [82])
    }
}
