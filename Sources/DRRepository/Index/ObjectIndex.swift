package import DRCrypto

/// Where objects lie: every location of every id, in memory.
///
/// An open-addressing table over entries of full ids; ids are uniformly random, so their first bits are the hash.
package struct ObjectIndex: Sendable {
    private struct Entry {
        let id: ObjectID
        let pack: UInt32
        let offsetBytes: UInt32
        let storedBytes: UInt32
    }

    private var names: [Digest] = []
    /// Whose objects each pack holds, beside `names`.
    private var hosts: [SignerID] = []
    private var entries: [Entry] = []
    /// Index of an entry plus one; 0 is free. Always a power of two.
    private var slots: [UInt32] = [0]

    package init() {}

    package var objectCount: Int { entries.count }
    package var packCount: Int { names.count }

    package func contains(_ id: ObjectID) -> Bool { first(id) != nil }

    /// The locations of an object, oldest first.
    package func locations(of id: ObjectID) -> [PackLocation] {
        var found: [PackLocation] = []
        probe(id) { entry in
            found.append(location(entry))
            return true
        }
        return found
    }

    /// The first location of an object.
    package func location(of id: ObjectID) -> PackLocation? { first(id).map(location) }

    /// The number of the pack of the first location of an object, for `pack(number:)`.
    func packNumber(of id: ObjectID) -> UInt32? { first(id)?.pack }

    /// The name of a pack by its number.
    func pack(number: UInt32) -> Digest { names[Int(number)] }

    /// The packs that objects lie in, with what their objects take.
    var packs: [(name: Digest, host: SignerID, storedBytes: Int)] {
        var stored = [Int](repeating: 0, count: names.count)
        for entry in entries { stored[Int(entry.pack)] += Int(entry.storedBytes) }
        return names.indices.map { (names[$0], hosts[$0], stored[$0]) }
    }

    /// The names of the packs that objects lie in.
    var packNames: [Digest] { names }

    /// The number of the first entry of an object.
    func entryNumber(of id: ObjectID) -> UInt32? {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: id.value.words.0) & mask
        while slots[slot] != 0 {
            if entries[Int(slots[slot]) - 1].id == id { return slots[slot] - 1 }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// The locations, oldest first, of what a host sealed of the object that this entry is of.
    func locations(sharing number: UInt32, sealedBy host: SignerID) -> [PackLocation] {
        var found: [PackLocation] = []
        probe(entries[Int(number)].id) { entry in
            if hosts[Int(entry.pack)] == host { found.append(location(entry)) }
            return true
        }
        return found
    }

    /// Whether an index names this pack.
    package func knows(_ pack: Digest) -> Bool { names.contains(pack) }

    /// The objects that lie in a pack.
    package func objects(in pack: Digest) -> [ObjectID] {
        let numbers = Set(names.indices.filter { names[$0] == pack }.map { UInt32($0) })
        return entries.filter { numbers.contains($0.pack) }.map(\.id)
    }

    /// Adds the objects of a pack.
    package mutating func add(_ pack: IndexedPack) {
        let number = UInt32(names.count)
        names.append(pack.name)
        hosts.append(pack.host)
        reserve(entries.count + pack.objects.count)
        var offset = PackLayout.magic.count
        for object in pack.objects {
            entries.append(
                Entry(
                    id: object.link.id, pack: number, offsetBytes: UInt32(truncatingIfNeeded: offset),
                    storedBytes: object.storedBytes))
            place(entries.count - 1)
            offset += Int(object.storedBytes)
        }
    }

    private func first(_ id: ObjectID) -> Entry? {
        var found: Entry?
        probe(id) { entry in
            found = entry
            return false
        }
        return found
    }

    /// Calls `each` for the entries of an id until it returns false.
    private func probe(_ id: ObjectID, _ each: (Entry) -> Bool) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: id.value.words.0) & mask
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot]) - 1]
            if entry.id == id, !each(entry) { return }
            slot = (slot + 1) & mask
        }
    }

    private func location(_ entry: Entry) -> PackLocation {
        PackLocation(
            pack: names[Int(entry.pack)], offsetBytes: Int(entry.offsetBytes), storedBytes: Int(entry.storedBytes))
    }

    /// Keeps a third of the slots free, at least one.
    private mutating func reserve(_ count: Int) {
        guard count * 3 >= slots.count * 2 else { return }
        var size = slots.count
        while count * 3 >= size * 2 { size *= 2 }
        slots = [UInt32](repeating: 0, count: size)
        for index in entries.indices { place(index) }
    }

    private mutating func place(_ index: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: entries[index].id.value.words.0) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(truncatingIfNeeded: index + 1)
    }
}
