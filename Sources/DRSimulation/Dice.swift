/// SplitMix64: small, seeded, the same on every machine.
struct Dice: Sendable {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    /// A stream of its own for one purpose, so that what is drawn for one thing does not move what is drawn for
    /// another: a plan without one of its steps meets the same faults.
    init(_ seed: UInt64, _ purpose: Purpose, _ key: UInt64 = 0) {
        var mixer = Dice(seed &+ UInt64(purpose.rawValue) &* 0xD1B5_4A32_D192_ED03 &+ key &* 0x8CB9_2BA7_2F3D_8DD7)
        state = mixer.next()
    }

    enum Purpose: Int { case plan, rates, faults, network, disk, process, people, operators }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: next() % UInt64(max(1, bound))) }

    /// True once in so many times; never for 0.
    mutating func oneIn(_ odds: Int) -> Bool { odds > 0 && below(odds) == 0 }

    /// True in so many of 1000 times.
    mutating func perMille(_ share: Int) -> Bool { share > 0 && below(1000) < share }

    mutating func of<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Evenly from the range, in nanoseconds.
    mutating func time(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(truncatingIfNeeded: next() % UInt64(range.upperBound - range.lowerBound + 1))
    }
}

/// Nanoseconds.
extension Int64 {
    static let microsecond: Int64 = 1_000
    static let millisecond: Int64 = 1_000_000
    static let second: Int64 = 1_000_000_000
}
