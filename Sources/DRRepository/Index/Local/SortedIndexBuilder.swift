internal import DRCrypto
internal import DRSystem
internal import HeapModule
internal import SystemPackage

/// Makes a local index file of any size in bounded memory: sorted runs go to files, and are merged into one.
final class SortedIndexBuilder {
    /// Places that are sorted in memory before they go to a file: 12 MiB.
    static let runRecords = 400_000

    private let place: SortedIndexPlace
    private let runRecords: Int
    private var packs: [(name: Digest, host: SignerID)] = []
    private var records: [SortedRecord] = []
    private var runs: [SortedIndex] = []

    /// - Parameter runRecords: how many places are sorted in memory at a time.
    init(_ place: SortedIndexPlace, runRecords: Int = SortedIndexBuilder.runRecords) {
        self.place = place
        self.runRecords = runRecords
    }

    /// Takes over what an earlier file holds, without the packs that are gone.
    func add(_ earlier: SortedIndex, without isGone: (Digest) -> Bool) throws(RepositoryError) {
        var numbers: [UInt32?] = []
        numbers.reserveCapacity(earlier.packCount)
        for number in 0..<UInt32(earlier.packCount) {
            let pack = try earlier.pack(number)
            numbers.append(isGone(pack.name) ? nil : UInt32(packs.count))
            if !isGone(pack.name) { packs.append(pack) }
        }
        // Sorted already, but for the numbers of packs, whose order stays: it is a run as it is.
        let path = try place.temporary()
        var file = try SortedIndexFileWriter(path, place)
        try earlier.forEachPlace { record throws(RepositoryError) in
            guard let number = numbers[Int(record.pack)] else { return }
            try file.append(record.with(pack: number))
        }
        try file.finish(packs: [], covered: [])
        try openRun(path)
    }

    /// Adds the objects of a pack.
    func add(_ pack: IndexedPack) throws(RepositoryError) {
        let number = UInt32(packs.count)
        packs.append((pack.name, pack.host))
        var offset = PackLayout.magic.count
        for object in pack.objects {
            guard
                let record = SortedRecord(
                    object.link.id, pack: number, offsetBytes: offset, storedBytes: object.storedBytes)
            else { throw IndexPage.failed("pack \(pack.name) has an object that no pack can have") }
            try add(record)
            offset += Int(object.storedBytes)
        }
    }

    private func add(_ record: SortedRecord) throws(RepositoryError) {
        records.append(record)
        if records.count == runRecords { try spill() }
    }

    private func spill() throws(RepositoryError) {
        records.sort()
        let path = try place.temporary()
        var file = try SortedIndexFileWriter(path, place)
        for record in records { try file.append(record) }
        try file.finish(packs: [], covered: [])
        records.removeAll(keepingCapacity: true)
        try openRun(path)
    }

    /// A run needs no name once it is open.
    private func openRun(_ path: FilePath) throws(RepositoryError) {
        let run = SortedIndex(place, at: path)
        try? DurableFile.remove(path)
        guard let run else { throw IndexPage.failed("a part of it could not be read back") }
        runs.append(run)
    }

    /// Merges everything into the file, which replaces the one before.
    /// - Parameter covered: the index objects whose packs were added.
    func finish(covered: Set<Digest>) throws(RepositoryError) {
        if !records.isEmpty { try spill() }
        records = []
        let path = try place.temporary()
        do throws(RepositoryError) {
            var file = try SortedIndexFileWriter(path, place)
            try merge { record throws(RepositoryError) in try file.append(record) }
            try file.finish(packs: packs, covered: covered)
        } catch {
            try? DurableFile.remove(path)
            throw error
        }
        do throws(SystemError) { try DurableFile.rename(path, to: place.path) } catch {
            throw IndexPage.failed(error.message, cause: error)
        }
    }

    private struct Head: Comparable {
        let record: SortedRecord
        let run: Int

        static func == (one: Head, other: Head) -> Bool { one.record == other.record && one.run == other.run }
        static func < (one: Head, other: Head) -> Bool { one.record < other.record }
    }

    private func merge(_ each: (SortedRecord) throws(RepositoryError) -> Void) throws(RepositoryError) {
        var cursors = runs.map { $0.cursor() }
        var heap = Heap<Head>()
        for run in cursors.indices {
            if let record = try cursors[run].next() { heap.insert(Head(record: record, run: run)) }
        }
        while let head = heap.min {
            try each(head.record)
            if let next = try cursors[head.run].next() {
                heap.replaceMin(with: Head(record: next, run: head.run))
            } else {
                heap.removeMin()
            }
        }
    }
}
