internal import DRCrypto

/// Reads a tree body strictly: anything that ``BodyWriter`` would not have written is refused, so that a body has one
/// meaning and a meaning one body, and no bytes can hide in it.
struct BodyReader {
    private let object: StoredObject
    private var position = 0
    private var nextLink = 0

    /// Checks the kind and the layout.
    init(_ object: StoredObject, _ kind: ObjectKind) throws(RepositoryError) {
        self.object = object
        guard object.link.kind == kind else { throw wrong("its kind is \(object.link.kind), not \(kind)") }
        guard let layout = object.body.first else { throw wrong("it is empty") }
        guard layout == BodyWriter.layout else {
            throw RepositoryError(
                .unsupportedFormat, "\(kind) \(object.link.id) has layout \(layout)",
                hint: "use a newer drctl to read it")
        }
        position = 1
    }

    /// For what ``BodyWriter/extensions(_:)`` wrote alone.
    init(extensions bytes: ArraySlice<UInt8>) {
        object = StoredObject(link: ObjectLink(.treePage, ObjectID(Digest.of([]))), body: Array(bytes), links: [])
    }

    func wrong(_ what: String) -> RepositoryError {
        RepositoryError(
            .damaged, "\(object.link.kind) \(object.link.id) is not well formed: \(what)",
            hint: "its bytes are those that were stored: report which host wrote it, and restore another snapshot")
    }

    mutating func byte() throws(RepositoryError) -> UInt8 {
        guard position < object.body.count else { throw wrong("it ends too early") }
        defer { position += 1 }
        return object.body[position]
    }

    mutating func number(_ what: String, atMost limit: UInt64 = .max) throws(RepositoryError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try byte()
            let group = UInt64(byte & 0x7F)
            guard shift < 63 || shift == 63 && group <= 1 else { throw wrong("\(what) is too large") }
            value |= group << shift
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 { throw wrong("\(what) is not written in the shortest way") }
                break
            }
            shift += 7
        }
        guard value <= limit else { throw wrong("\(what) is \(value), more than \(limit)") }
        return value
    }

    mutating func signed(_ what: String) throws(RepositoryError) -> Int64 {
        let value = try number(what)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// How many of something follow, each of which takes at least `bytesEach` bytes: a count that the body cannot hold
    /// is refused before memory is asked for.
    mutating func count(_ what: String, bytesEach: Int) throws(RepositoryError) -> Int {
        let count = try number(what, atMost: UInt64(Int32.max))
        guard Int(count) * bytesEach <= object.body.count - position else {
            throw wrong("\(what) is \(count), too many")
        }
        return Int(count)
    }

    mutating func string(_ what: String, _ lengths: ClosedRange<Int>) throws(RepositoryError) -> ArraySlice<UInt8> {
        let length = Int(try number("the length of \(what)", atMost: UInt64(lengths.upperBound)))
        guard length >= lengths.lowerBound else { throw wrong("\(what) is too short") }
        guard length <= object.body.count - position else { throw wrong("it ends in \(what)") }
        defer { position += length }
        return object.body[position..<position + length]
    }

    /// The next link, which must be of one of these kinds.
    mutating func link(_ kinds: ObjectKind...) throws(RepositoryError) -> ObjectLink {
        guard nextLink < object.links.count else { throw wrong("it has \(object.links.count) links, too few") }
        let link = object.links[nextLink]
        guard kinds.contains(link.kind) else { throw wrong("link \(nextLink) is a \(link.kind)") }
        nextLink += 1
        return link
    }

    var linksLeft: Int { object.links.count - nextLink }

    /// Refuses what nobody asked for.
    func end() throws(RepositoryError) {
        guard position == object.body.count else { throw wrong("\(object.body.count - position) bytes follow its end") }
        guard linksLeft == 0 else { throw wrong("\(linksLeft) links belong to nothing") }
    }
}
