/// The table of rooms, as the Architecture page prints it.
struct RoomTable {
    struct Row {
        var room: String
        var imports: Set<String>
        var mayImportAll: Bool
        var isPure: Bool
    }

    struct Unreadable: Error {
        var line: String
    }

    static let page = "Sources/drctl/drctl.docc/Architecture.md"

    /// What comes with the toolchain; a pure room gets the first of it only.
    static let toolchain: Set<String> = [
        "FoundationEssentials", "Foundation", "Synchronization", "Dispatch", "Glibc", "SystemPackage",
    ]

    var rows: [String: Row] = [:]

    init(markdown: String) throws {
        var isInTable = false
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("| target |") {
                isInTable = true
            } else if isInTable, line.hasPrefix("| ") {
                let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                guard cells.count == 5 else { throw Unreadable(line: String(line)) }
                for room in Self.codeWords(cells[1]) {
                    rows[room] = Row(
                        room: room, imports: Set(Self.codeWords(cells[3])), mayImportAll: cells[3] == " all ",
                        isPure: cells[2].contains("Pure"))
                }
            } else if !line.hasPrefix("|") {
                isInTable = false
            }
        }
    }

    /// Whether a file of this target may import this module.
    func allows(_ module: String, in target: String) -> Bool {
        guard let row = rows[target] else { return false }
        if row.mayImportAll || row.imports.contains(module) { return true }
        return row.isPure ? module == "FoundationEssentials" : Self.toolchain.contains(module)
    }

    /// A room with everything it reaches through other rooms; what its tests may import beside it.
    func reach(of room: String) -> Set<String> {
        var reached: Set<String> = [room]
        var open = [room]
        while let next = open.popLast() {
            for module in rows[next]?.imports ?? [] where reached.insert(module).inserted { open.append(module) }
        }
        return reached
    }

    private static func codeWords(_ cell: Substring) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
}
