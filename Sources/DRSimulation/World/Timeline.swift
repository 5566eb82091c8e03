import HeapModule

/// What is to happen, in the order of time; of two things at the same time what was said first happens first.
struct Timeline<Happening: Sendable>: Sendable {
    private struct Entry: Comparable, Sendable {
        var time: Int64
        var serial: Int
        var happening: Happening

        static func == (one: Entry, other: Entry) -> Bool { one.serial == other.serial }
        static func < (one: Entry, other: Entry) -> Bool { (one.time, one.serial) < (other.time, other.serial) }
    }

    private var entries = Heap<Entry>()
    private var serial = 0

    mutating func add(_ happening: Happening, at time: Int64) {
        serial += 1
        entries.insert(Entry(time: time, serial: serial, happening: happening))
    }

    mutating func next() -> (time: Int64, happening: Happening)? {
        entries.popMin().map { ($0.time, $0.happening) }
    }
}
