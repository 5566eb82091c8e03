import Testing

@Suite struct ImportTests {
    let table: RoomTable

    init() throws {
        table = try RoomTable(markdown: House.text(of: RoomTable.page))
    }

    @Test("Every room has a row in the Architecture page")
    func everyRoomHasARow() throws {
        for folder in try House.folders(in: "Sources") {
            #expect(table.rows[folder] != nil, "Sources/\(folder) has no row in \(RoomTable.page)")
        }
    }

    @Test("A file imports what its room's row names", arguments: House.sources)
    func importsFollowTheTable(file: HouseFile) {
        for (line, module) in file.source.imports {
            #expect(
                table.allows(module, in: file.target),
                "\(file.path):\(line): \(file.target) may not import \(module); see the table in \(RoomTable.page)")
        }
    }

    @Test("Tests of a room import what the room reaches", arguments: House.files.filter(\.isTest))
    func testsStayInReach(file: HouseFile) {
        guard file.target.hasSuffix("Tests"), table.rows[String(file.target.dropLast(5))] != nil else { return }
        let reach = table.reach(of: String(file.target.dropLast(5)))
            .union(RoomTable.toolchain).union(["Testing", "DRTestSupport"])
        for (line, module) in file.source.imports {
            #expect(reach.contains(module), "\(file.path):\(line): out of reach of the room under test: \(module)")
        }
    }

    @Test("The table's reader sees rows, purity and `all`")
    func tableIsRead() throws {
        let table = try RoomTable(
            markdown: """
                | target | room | may import |
                |---|---|---|
                | `A` `B` | two | nothing |
                | `C` | rules. Pure | `A`, `D` (digests only) |
                | `main` | wiring | all |

                | `E` | not in the table | `A` |
                """)
        #expect(table.rows.keys.sorted() == ["A", "B", "C", "main"])
        #expect(table.allows("D", in: "C") && !table.allows("B", in: "C"))
        #expect(table.allows("FoundationEssentials", in: "C") && !table.allows("Foundation", in: "C"))
        #expect(table.allows("Glibc", in: "A") && !table.allows("C", in: "A"))
        #expect(table.allows("Anything", in: "main"))
        #expect(!table.allows("A", in: "unknown"))
        #expect(table.reach(of: "C") == ["C", "A", "D"])
    }

    @Test(
        "Import lines are read in all their forms",
        arguments: [
            ("import A", "A"), ("package import A", "A"), ("@testable import A", "A"),
            ("import struct A.B", "A"), ("@preconcurrency package import A.Sub", "A"),
        ])
    func importForms(line: String, module: String) {
        #expect(SwiftSource(line).imports.map(\.module) == [module])
    }

    @Test(
        "What only looks like an import is none", arguments: ["// import A", "let text = \"import A\"", "importAll()"])
    func notImports(line: String) {
        #expect(SwiftSource(line).imports.isEmpty)
    }
}
