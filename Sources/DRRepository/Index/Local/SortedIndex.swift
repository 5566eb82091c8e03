internal import DRCrypto
internal import DRSystem
internal import Synchronization
internal import SystemPackage

/// A local index file that is open: where objects lie, whatever their number, in bounded memory.
///
/// Pages are read and checked when they are asked for, and a fixed number of them is kept. What is in memory besides is
/// how the first id of each page starts, which finds the page, and it is thinned out where that would be much.
final class SortedIndex: Sendable {
    /// Pages that are kept: 8 MiB.
    private static let keptPages = 2048
    /// Fences that are kept: 8 MiB.
    private static let mostFences = 1 << 20

    private struct Cache: ~Copyable {
        var reader: PageReader
        /// Which page each place holds; -1 none.
        var numbers: [Int]
        var pages: [[UInt8]]

        /// A page, from memory or checked.
        mutating func page(_ number: Int) throws(RepositoryError) -> [UInt8] {
            let slot = number % numbers.count
            if numbers[slot] == number { return pages[slot] }
            numbers[slot] = -1
            if pages[slot].isEmpty { pages[slot] = [UInt8](repeating: 0, count: IndexPage.byteCount) }
            try reader.read(number, into: &pages[slot])
            numbers[slot] = number
            return pages[slot]
        }
    }

    let layout: SortedIndexLayout
    private let path: FilePath
    /// Each stands for so many pages.
    private let pagesPerFence: Int
    private let fences: [UInt64]
    private let cache: Mutex<Cache>

    /// Opens the file.
    /// - Returns: nil where there is none that counts.
    init?(_ place: SortedIndexPlace, at path: FilePath? = nil) {
        do {
            let file = try Descriptor(openingForReading: path ?? place.path, following: false)
            let pageCount = Int(try file.status().sizeBytes) / IndexPage.byteCount
            guard pageCount > 0 else { return nil }
            var last = [UInt8](repeating: 0, count: IndexPage.byteCount)
            var span = last.mutableSpan
            _ = try file.read(into: &span, atOffset: (pageCount - 1) * IndexPage.byteCount)
            guard let (layout, salt, binding) = SortedIndexLayout.read(last), binding == place.binding,
                layout.pageCount == pageCount
            else { return nil }
            var reader = PageReader(file, key: try place.key(salt: salt))
            try reader.read(pageCount - 1, into: &last)
            self.layout = layout
            self.path = path ?? place.path
            pagesPerFence = max(1, (layout.places.pageCount + Self.mostFences - 1) / Self.mostFences)
            fences = try Self.readFences(layout.fences, every: pagesPerFence, &reader)
            let kept = min(Self.keptPages, pageCount)
            cache = Mutex(
                Cache(
                    reader: reader, numbers: [Int](repeating: -1, count: kept),
                    pages: [[UInt8]](repeating: [], count: kept)))
        } catch { return nil }
    }

    private static func readFences(
        _ section: PageSection, every stride: Int, _ reader: inout PageReader
    ) throws(RepositoryError) -> [UInt64] {
        var fences: [UInt64] = []
        fences.reserveCapacity(section.recordCount / stride + 1)
        var page = [UInt8](repeating: 0, count: IndexPage.byteCount)
        for number in section.firstPage..<section.firstPage + section.pageCount {
            try reader.read(number, into: &page)
            let first = (number - section.firstPage) * section.recordsPerPage
            for index in 0..<section.recordCount(inPage: number) where (first + index) % stride == 0 {
                fences.append(page.word(at: index * 8))
            }
        }
        return fences
    }

    var objectCount: Int { layout.places.recordCount }
    var packCount: Int { layout.packs.recordCount }

    /// A file with a page that is not what was written is taken away, so that the next command makes it anew.
    private func asking<Answer>(
        _ question: (inout Cache) throws(RepositoryError) -> Answer
    ) throws(RepositoryError) -> Answer {
        try cache.withLock { cache throws(RepositoryError) in
            do throws(RepositoryError) { return try question(&cache) } catch {
                try? DurableFile.remove(path)
                throw error
            }
        }
    }

    /// Calls `each` for the places of an id, the oldest first, until it returns false.
    /// - Throws: `damaged` where a page is not what was written.
    func places(of id: ObjectID, _ each: (SortedRecord) -> Bool) throws(RepositoryError) {
        let (first, second) = (id.value.words.0, id.value.words.1)
        guard objectCount > 0 else { return }
        try asking { cache throws(RepositoryError) in
            var number = layout.places.firstPage + startPage(of: first)
            let end = layout.places.firstPage + layout.places.pageCount
            while number < end {
                let page = try cache.page(number)
                let count = layout.places.recordCount(inPage: number)
                var index = Self.lowerBound(first, second, in: page, count)
                while index < count {
                    let record = SortedRecord(page: page, at: index * SortedRecord.byteCount)
                    guard record.first == first, record.second == second, each(record) else { return }
                    index += 1
                }
                number += 1
            }
        }
    }

    /// The last page that can hold the first record of this beginning: the one before the first whose fence is not
    /// smaller.
    private func startPage(of first: UInt64) -> Int {
        var low = 0
        var high = fences.count
        while low < high {
            let middle = (low + high) / 2
            if fences[middle] < first { low = middle + 1 } else { high = middle }
        }
        return max(0, low - 1) * pagesPerFence
    }

    private static func lowerBound(_ first: UInt64, _ second: UInt64, in page: [UInt8], _ count: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let start = middle * SortedRecord.byteCount
            let word = page.word(at: start)
            if word < first || word == first && page.word(at: start + 8) < second {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// A pack by its number.
    func pack(_ number: UInt32) throws(RepositoryError) -> (name: Digest, host: SignerID) {
        try asking { cache throws(RepositoryError) in
            let place = layout.packs.place(of: Int(number))
            let page = try cache.page(place.page)
            guard Int(number) < packCount, let name = page.digest(at: place.offset) else {
                throw IndexPage.failed("it has no pack \(number)")
            }
            let hostNumber = page[place.offset + 32..<place.offset + 36].reduce(0) { $0 << 8 | Int($1) }
            guard hostNumber < layout.hosts.recordCount else { throw IndexPage.failed("it has no host \(hostNumber)") }
            let host = layout.hosts.place(of: hostNumber)
            guard let digest = try cache.page(host.page).digest(at: host.offset) else {
                throw IndexPage.failed("it has no host \(hostNumber)")
            }
            return (name, SignerID(digest))
        }
    }

    /// The index objects that went into it.
    func covered() throws(RepositoryError) -> Set<Digest> {
        var names = Set<Digest>(minimumCapacity: layout.covered.recordCount)
        try forEachPage(of: layout.covered) { page, offset in
            if let name = page.digest(at: offset) { names.insert(name) }
        }
        return names
    }

    /// Goes through all places in their order.
    func forEachPlace(_ each: (SortedRecord) throws(RepositoryError) -> Void) throws(RepositoryError) {
        try forEachPage(of: layout.places) { page, offset throws(RepositoryError) in
            try each(SortedRecord(page: page, at: offset))
        }
    }

    /// Goes through all packs in the order of their numbers.
    func forEachPackName(_ each: (Digest) throws(RepositoryError) -> Void) throws(RepositoryError) {
        try forEachPage(of: layout.packs) { page, offset throws(RepositoryError) in
            if let name = page.digest(at: offset) { try each(name) }
        }
    }

    /// Reads a section past the kept pages, and keeps none of it.
    private func forEachPage(
        of section: PageSection, _ each: ([UInt8], Int) throws(RepositoryError) -> Void
    ) throws(RepositoryError) {
        var page = [UInt8](repeating: 0, count: IndexPage.byteCount)
        for number in section.firstPage..<section.firstPage + section.pageCount {
            try asking { cache throws(RepositoryError) in try cache.reader.read(number, into: &page) }
            for index in 0..<section.recordCount(inPage: number) { try each(page, index * section.recordBytes) }
        }
    }

    /// The places, one after the other, for merging.
    func cursor() -> Cursor { Cursor(self) }

    /// Goes through the places page by page.
    struct Cursor {
        private let index: SortedIndex
        private var page = [UInt8](repeating: 0, count: IndexPage.byteCount)
        private var pageNumber: Int
        private var recordNumber = 0
        private var count = 0

        fileprivate init(_ index: SortedIndex) {
            self.index = index
            pageNumber = index.layout.places.firstPage - 1
        }

        /// - Returns: nil past the last.
        mutating func next() throws(RepositoryError) -> SortedRecord? {
            if recordNumber == count {
                let section = index.layout.places
                pageNumber += 1
                guard pageNumber < section.firstPage + section.pageCount else { return nil }
                let number = pageNumber
                try index.asking { cache throws(RepositoryError) in try cache.reader.read(number, into: &page) }
                recordNumber = 0
                count = section.recordCount(inPage: pageNumber)
            }
            defer { recordNumber += 1 }
            return SortedRecord(page: page, at: recordNumber * SortedRecord.byteCount)
        }
    }
}
