internal import DRSystem

/// Which names of a snapshot are one file. Every one of them has its content in its own entry too, so that a reader
/// who does not care about hard links needs no table.
package struct HardLinkTable: Hashable, Sendable {
    /// A name: which of the root's sources, and the path below it.
    package struct Member: Hashable, Sendable, Comparable {
        package var source: Int
        /// Names joined with `/`; empty for a source that is the file itself.
        package var path: [UInt8]

        package init(source: Int, path: [UInt8]) {
            self.source = source
            self.path = path
        }

        /// By source, then as a walk meets the paths.
        package static func < (one: Member, other: Member) -> Bool {
            one.source != other.source
                ? one.source < other.source : TreeRoot.precedes(one.path, other.path)
        }
    }

    /// At least two members each, in order; the groups in the order of their first members.
    package private(set) var groups: [[Member]] = []

    package init() {}

    /// - Parameter groups: in any order; groups of one are left out.
    package init(grouping groups: some Sequence<[Member]>) {
        self.groups = groups.filter { $0.count > 1 }.map { $0.sorted() }.sorted { $0[0] < $1[0] }
    }

    /// Tables beyond this size are a chain of objects.
    static let bodyBytes = 1 << 20

    /// Writes the table.
    /// - Returns: its first object; nil when it is empty.
    func write(to sink: any ObjectSink) throws(RepositoryError) -> ObjectLink? {
        if groups.isEmpty { return nil }
        var parts: [(count: Int, body: BodyWriter)] = [(0, BodyWriter())]
        for group in groups {
            if parts[parts.count - 1].body.bytes.count >= Self.bodyBytes { parts.append((0, BodyWriter())) }
            parts[parts.count - 1].count += 1
            parts[parts.count - 1].body.number(group.count)
            for member in group {
                parts[parts.count - 1].body.number(member.source)
                parts[parts.count - 1].body.string(member.path)
            }
        }
        // Each object names its successor, so the last is written first.
        var next: ObjectLink?
        for part in parts.reversed() {
            var body = BodyWriter(reserving: part.body.bytes.count + 8)
            body.byte(BodyWriter.layout)
            body.byte(next == nil ? 0 : 1)
            body.number(part.count)
            body.append(part.body)
            next = try sink.putNamed(.hardLinks, body: body.bytes, links: next.map { [$0] } ?? [])
        }
        return next
    }

    /// Reads a whole chain.
    init(_ first: ObjectLink, from source: any ObjectSource) throws(RepositoryError) {
        var link: ObjectLink? = first
        var seen: Set<Member> = []
        while let current = link {
            var reader = try BodyReader(try source.read(current), .hardLinks)
            let more = try reader.byte()
            guard more <= 1 else { throw reader.wrong("byte \(more) where 0 or 1 says whether more follows") }
            link = more == 1 ? try reader.link(.hardLinks) : nil
            let count = try reader.count("the number of groups", bytesEach: 5)
            guard count > 0 else { throw reader.wrong("it has no groups") }
            for _ in 0..<count { groups.append(try Self.group(&reader, after: groups.last, &seen)) }
            try reader.end()
        }
    }

    private static func group(
        _ reader: inout BodyReader, after last: [Member]?, _ seen: inout Set<Member>
    ) throws(RepositoryError) -> [Member] {
        let count = try reader.count("the number of names", bytesEach: 2)
        guard count > 1 else { throw reader.wrong("a group has \(count) names") }
        var group: [Member] = []
        for _ in 0..<count {
            let source = Int(try reader.number("a source's number", atMost: UInt64(Int32.max)))
            let path = Array(try reader.string("a path", 0...(1 << 16)))
            if !path.isEmpty, TreeRoot.components(ofRelative: path) == nil {
                throw reader.wrong("\(displayEscaped(bytes: path)) is not a path")
            }
            let member = Member(source: source, path: path)
            if let previous = group.last, previous >= member { throw reader.wrong("its names are not in order") }
            guard seen.insert(member).inserted else { throw reader.wrong("a name is in two groups") }
            group.append(member)
        }
        if let last, last[0] >= group[0] { throw reader.wrong("its groups are not in order") }
        return group
    }
}
