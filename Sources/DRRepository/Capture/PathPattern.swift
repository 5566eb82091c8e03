internal import DRSystem

/// A pattern of paths, as `--exclude` and `.drctlignore` take them: bytes, in no particular encoding.
///
/// - `*` stands for any bytes within one name, `?` for one byte (one character, where the name is UTF-8), `[a-z]` and
///   `[!a-z]` for one of a set; a backslash takes the next byte as it is. A name `**` stands for any number of names.
/// - A pattern that begins with `/` starts at the base (the root for options, the file's folder for ignore files);
///   any other one matches at every depth. One that ends with `/` matches folders only.
/// - A pattern matches a whole path. What lies in a folder that matched is left out with it.
package struct PathPattern: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        /// Any number of names.
        case anyNames
        /// Exactly this name: the common case, compared without a matcher.
        case literal([UInt8])
        case glob([UInt8])
    }

    private let parts: [Part]
    private let matchesFoldersOnly: Bool

    /// - Returns: nil for a pattern that could match nothing: an empty one, or one with an empty name, `.` or `..`.
    package init?(_ pattern: some Collection<UInt8>) {
        var rest = Array(pattern)
        matchesFoldersOnly = rest.count > 1 && rest.last == Self.slash
        if matchesFoldersOnly { rest.removeLast() }
        let isAnchored = rest.first == Self.slash
        if isAnchored { rest.removeFirst() }
        var parts: [Part] = isAnchored ? [] : [.anyNames]
        for name in rest.split(separator: Self.slash, omittingEmptySubsequences: false) {
            guard !name.isEmpty, !name.contains(0), name != [Self.dot][...], name != [Self.dot, Self.dot][...] else {
                return nil
            }
            if name == [Self.star, Self.star][...] {
                if parts.last != .anyNames { parts.append(.anyNames) }
            } else if name.contains(where: { [Self.star, Self.question, Self.bracket, Self.escape].contains($0) }) {
                parts.append(.glob(Array(name)))
            } else {
                parts.append(.literal(Array(name)))
            }
        }
        self.parts = parts
    }

    /// Whether it matches a path.
    /// - Parameter names: of the path below the pattern's base, without slashes.
    func matches(_ names: ArraySlice<ArraySlice<UInt8>>, isFolder: Bool) -> Bool {
        if matchesFoldersOnly, !isFolder { return false }
        return Self.match(parts[...], names)
    }

    /// Whether it matches an absolute path, the base being the root.
    package func matches(path: [UInt8], isFolder: Bool) -> Bool {
        matches(path.split(separator: Self.slash)[...], isFolder: isFolder)
    }

    private static func match(_ parts: ArraySlice<Part>, _ names: ArraySlice<ArraySlice<UInt8>>) -> Bool {
        guard let part = parts.first else { return names.isEmpty }
        let rest = parts.dropFirst()
        if part == .anyNames {
            // What follows has to match the end; `**` at the end stands for at least one name.
            if rest.isEmpty { return !names.isEmpty }
            if !rest.contains(.anyNames) {
                return names.count >= rest.count && match(rest, names.suffix(rest.count))
            }
            return names.indices.contains { match(rest, names[$0...]) }
        }
        guard let name = names.first, matches(part, name) else { return false }
        return match(rest, names.dropFirst())
    }

    private static func matches(_ part: Part, _ name: ArraySlice<UInt8>) -> Bool {
        switch part {
        case .anyNames: true
        case .literal(let literal): name.elementsEqual(literal)
        case .glob(let glob): Self.glob(glob, Array(name))
        }
    }

    /// Goes through both once, and back to the last star where they part: no pattern takes longer than the product of
    /// both lengths.
    private static func glob(_ pattern: [UInt8], _ name: [UInt8]) -> Bool {
        var place = 0
        var position = 0
        var lastStar: (place: Int, position: Int)?
        while position < name.count {
            if place < pattern.count, pattern[place] == star {
                lastStar = (place, position)
                place += 1
            } else if let (next, end) = one(pattern, place, name, position) {
                place = next
                position = end
            } else if let (starPlace, starPosition) = lastStar {
                lastStar = (starPlace, starPosition + 1)
                place = starPlace + 1
                position = starPosition + 1
            } else {
                return false
            }
        }
        while place < pattern.count, pattern[place] == star { place += 1 }
        return place == pattern.count
    }

    /// Matches one byte, set or character.
    /// - Returns: where both go on; nil where they differ.
    private static func one(
        _ pattern: [UInt8], _ place: Int, _ name: [UInt8], _ position: Int
    ) -> (place: Int, position: Int)? {
        guard place < pattern.count else { return nil }
        switch pattern[place] {
        case question:
            var end = position + 1
            // The rest of a character in UTF-8.
            if name[position] >= 0xC0 { while end < name.count, name[end] & 0xC0 == 0x80 { end += 1 } }
            return (place + 1, end)
        case bracket:
            guard let set = set(pattern, place) else { break }
            return set.contains(name[position]) ? (set.end, position + 1) : nil
        case escape where place + 1 < pattern.count:
            return pattern[place + 1] == name[position] ? (place + 2, position + 1) : nil
        default: break
        }
        return pattern[place] == name[position] ? (place + 1, position + 1) : nil
    }

    private struct ByteSet {
        var ranges: [ClosedRange<UInt8>] = []
        var isNegated = false
        /// Behind the closing bracket.
        var end = 0

        func contains(_ byte: UInt8) -> Bool { ranges.contains { $0.contains(byte) } != isNegated }
    }

    /// - Returns: nil where no bracket closes it: it then stands for itself.
    private static func set(_ pattern: [UInt8], _ start: Int) -> ByteSet? {
        var set = ByteSet()
        var place = start + 1
        if place < pattern.count, pattern[place] == UInt8(ascii: "!") || pattern[place] == UInt8(ascii: "^") {
            set.isNegated = true
            place += 1
        }
        let first = place
        while place < pattern.count {
            if pattern[place] == UInt8(ascii: "]"), place > first {
                set.end = place + 1
                return set
            }
            let last = place + 2
            if last < pattern.count, pattern[place + 1] == UInt8(ascii: "-"), pattern[last] != UInt8(ascii: "]") {
                if pattern[place] <= pattern[last] { set.ranges.append(pattern[place]...pattern[last]) }
                place += 3
            } else {
                set.ranges.append(pattern[place]...pattern[place])
                place += 1
            }
        }
        return nil
    }

    private static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")
    private static let star = UInt8(ascii: "*")
    private static let question = UInt8(ascii: "?")
    private static let bracket = UInt8(ascii: "[")
    private static let escape = UInt8(ascii: "\\")
}
