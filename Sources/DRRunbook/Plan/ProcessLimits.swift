/// What the processes of an attempt may hold together, its main process and whatever it started. An attempt that holds
/// more is ended, and has failed. nil: no limit.
package struct ProcessLimits: Codable, Sendable, Equatable {
    /// Resident memory in bytes; what several processes share counts for each.
    package var memoryBytes: Int64?
    /// How many there may be at once.
    package var processes: Int?

    package init(memoryBytes: Int64? = nil, processes: Int? = nil) {
        self.memoryBytes = memoryBytes
        self.processes = processes
    }

    /// The units of memory, smallest first.
    private static let units: [(name: String, bytes: Int64)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]

    /// Reads `512KiB`, `64MiB`, `2GiB`: a whole number and one unit.
    /// - Returns: nil for anything else, for nothing at all, and for what does not fit.
    package static func bytes(parsing text: some StringProtocol) -> Int64? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let count = Int64(digits), count > 0,
            let unit = units.first(where: { $0.name == text.dropFirst(digits.count) })
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// For people: the largest unit that it is one of, to a tenth: `1.5 GiB`.
    package static func words(bytes: Int64) -> String {
        let unit = units.last { bytes >= $0.bytes } ?? units[0]
        let tenths = bytes / (unit.bytes / 10)
        return tenths % 10 == 0 ? "\(tenths / 10) \(unit.name)" : "\(tenths / 10).\(tenths % 10) \(unit.name)"
    }
}
