internal import DRCrypto

/// Where objects lie: what a local index file says, and in memory what came since.
///
/// What cannot be read of the file counts as not known: a writer stores the object again, a reader says so and the file
/// is made anew by the next command.
package struct ObjectPlaces: Sendable {
    private let base: SortedIndex?
    /// Packs of the file that are not there, by their numbers.
    private let gone: Set<UInt32>
    private let recent: ObjectIndex
    /// Numbers of packs in `recent` follow those of the file.
    private let baseCount: UInt32

    init(base: SortedIndex? = nil, gone: Set<UInt32> = [], recent: ObjectIndex = ObjectIndex()) {
        self.base = base
        self.gone = gone
        self.recent = recent
        baseCount = UInt32(base?.packCount ?? 0)
    }

    /// Objects, of which one that lies in several places counts for each.
    package var objectCount: Int { (base?.objectCount ?? 0) + recent.objectCount }

    /// Whether a file takes part.
    package var usesFile: Bool { base != nil }

    /// The number of the pack of the first location of an object, for `pack(number:)`; nil also where the file cannot
    /// say.
    func packNumber(of id: ObjectID) -> UInt32? {
        var found: UInt32?
        try? base?.places(of: id) { record in
            guard !gone.contains(record.pack) else { return true }
            found = record.pack
            return false
        }
        return found ?? recent.packNumber(of: id).map { $0 + baseCount }
    }

    /// The name of a pack by its number.
    func pack(number: UInt32) throws(RepositoryError) -> Digest {
        guard let base, number < baseCount else { return recent.pack(number: number - baseCount) }
        return try base.pack(number).name
    }

    /// The first location of an object.
    /// - Throws: `damaged` where the file is not what was written.
    package func location(of id: ObjectID) throws(RepositoryError) -> PackLocation? {
        try locations(of: id, atMost: 1).first
    }

    /// The locations of an object, oldest first.
    /// - Throws: `damaged` where the file is not what was written.
    package func locations(of id: ObjectID, atMost most: Int = .max) throws(RepositoryError) -> [PackLocation] {
        var records: [SortedRecord] = []
        try base?.places(of: id) { record in
            if !gone.contains(record.pack) { records.append(record) }
            return records.count < most
        }
        var found: [PackLocation] = []
        for record in records {
            found.append(
                PackLocation(
                    pack: try pack(number: record.pack), offsetBytes: record.offsetBytes,
                    storedBytes: record.storedBytes))
        }
        if found.count < most { found += recent.locations(of: id).prefix(most - found.count) }
        return found
    }
}
