internal import DRCrypto
internal import DRSystem
internal import SystemPackage

/// The pages of a local index file: 4,096 bytes each, the last 16 of them a tag.
///
/// The tag is AES-256-GCM's over the page without any plaintext (GMAC), under a key that only this file has, with the
/// page's number as nonce: a page that was changed, or put in another's place, or is of another file, is none.
enum IndexPage {
    static let byteCount = 4096
    static let contentBytes = byteCount - AEAD.tagByteCount

    static func recordsPerPage(_ recordBytes: Int) -> Int { contentBytes / recordBytes }

    static func key(of file: [UInt8], seed: [UInt8]) throws(RepositoryError) -> AEADKey {
        do throws(CryptoError) {
            let code = try HMACSHA256.authenticate(file, key: SecretBytes(copying: seed))
            return try AEADKey(.aes256GCM, key: SecretBytes(copying: code))
        } catch { throw IndexPage.failed(error.message, cause: error) }
    }

    static func tag(of content: Span<UInt8>, page: Int, _ key: inout AEADKey) throws(RepositoryError) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: AEAD.tagByteCount)
        var output = tag.mutableSpan
        do throws(CryptoError) {
            try key.seal([UInt8]().span, nonce: AEADNonce(low: UInt64(page)), associatedData: content, into: &output)
        } catch { throw failed(error.message, cause: error) }
        return tag
    }

    static func failed(_ message: String, cause: (any Error)? = nil) -> RepositoryError {
        RepositoryError(
            .damaged, "the local index cannot be used: \(message)",
            hint: "run the command again: it is derived from the repository, and made anew", cause: cause)
    }
}

/// Records of one size in consecutive pages of a file.
struct PageSection: Equatable {
    let firstPage: Int
    let recordBytes: Int
    let recordCount: Int

    var recordsPerPage: Int { IndexPage.recordsPerPage(recordBytes) }
    var pageCount: Int { (recordCount + recordsPerPage - 1) / recordsPerPage }

    /// How many records a page of the section holds.
    func recordCount(inPage page: Int) -> Int {
        min(recordsPerPage, recordCount - (page - firstPage) * recordsPerPage)
    }

    /// Where a record lies.
    func place(of record: Int) -> (page: Int, offset: Int) {
        (firstPage + record / recordsPerPage, record % recordsPerPage * recordBytes)
    }
}

/// Writes pages one after the other.
struct PageWriter: ~Copyable {
    private static let pagesPerWrite = 64

    private let file: OpenFile
    private var key: AEADKey
    private var buffer = [UInt8](repeating: 0, count: pagesPerWrite * IndexPage.byteCount)
    /// Where the next byte goes, in `buffer`.
    private var position = 0
    private var bufferedPages = 0
    private var writtenPages = 0
    private var section = PageSection(firstPage: 0, recordBytes: 1, recordCount: 0)
    private var recordCount = 0
    private var roomInPage = 0

    init(_ file: consuming OpenFile, key: consuming AEADKey) {
        self.file = file
        self.key = key
    }

    /// Starts a section at a new page.
    mutating func begin(recordBytes: Int) {
        section = PageSection(firstPage: writtenPages + bufferedPages, recordBytes: recordBytes, recordCount: 0)
        recordCount = 0
        roomInPage = 0
    }

    /// Makes room for a record; its values are stored next.
    mutating func startRecord() throws(RepositoryError) {
        if roomInPage == 0 {
            if recordCount > 0 { try closePage() }
            position = bufferedPages * IndexPage.byteCount
            roomInPage = section.recordsPerPage
        }
        roomInPage -= 1
        recordCount += 1
    }

    mutating func store(_ value: some FixedWidthInteger) {
        var shift = value.bitWidth
        while shift > 0 {
            shift -= 8
            buffer[position] = UInt8(truncatingIfNeeded: value >> shift)
            position += 1
        }
    }

    mutating func store(_ digest: Digest) {
        store(digest.words.0)
        store(digest.words.1)
        store(digest.words.2)
        store(digest.words.3)
    }

    mutating func store(bytes: [UInt8]) { for byte in bytes { store(byte) } }

    /// Ends the section.
    mutating func end() throws(RepositoryError) -> PageSection {
        if recordCount > 0 { try closePage() }
        return PageSection(firstPage: section.firstPage, recordBytes: section.recordBytes, recordCount: recordCount)
    }

    /// Writes what is buffered.
    consuming func finish() throws(RepositoryError) { try flush() }

    private mutating func closePage() throws(RepositoryError) {
        let start = bufferedPages * IndexPage.byteCount
        let contentEnd = start + IndexPage.contentBytes
        while position < contentEnd {
            buffer[position] = 0
            position += 1
        }
        let tag = try tag(of: start..<contentEnd)
        for (index, byte) in tag.enumerated() { buffer[contentEnd + index] = byte }
        bufferedPages += 1
        if bufferedPages == Self.pagesPerWrite { try flush() }
    }

    private mutating func tag(of content: Range<Int>) throws(RepositoryError) -> [UInt8] {
        let number = writtenPages + bufferedPages
        // Taken out while it is read: the key is changed meanwhile.
        var bytes: [UInt8] = []
        swap(&bytes, &buffer)
        defer { swap(&bytes, &buffer) }
        return try IndexPage.tag(of: bytes.span.extracting(content), page: number, &key)
    }

    private mutating func flush() throws(RepositoryError) {
        let count = bufferedPages * IndexPage.byteCount
        if count == 0 { return }
        do throws(SystemError) {
            try file.write(Array(buffer[..<count]), at: Int64(writtenPages * IndexPage.byteCount))
        } catch { throw IndexPage.failed(error.message, cause: error) }
        writtenPages += bufferedPages
        bufferedPages = 0
        position = 0
    }
}

/// Reads pages and checks them.
struct PageReader: ~Copyable {
    private let file: Descriptor
    private var key: AEADKey

    init(_ file: consuming Descriptor, key: consuming AEADKey) {
        self.file = file
        self.key = key
    }

    /// Reads a page into a buffer, from `start` on.
    /// - Throws: `damaged` where it is not the page that was written.
    mutating func read(_ page: Int, into buffer: inout [UInt8], at start: Int = 0) throws(RepositoryError) {
        do throws(SystemError) {
            var whole = buffer.mutableSpan
            var span = whole._mutatingExtracting(start..<start + IndexPage.byteCount)
            guard try file.read(into: &span, atOffset: page * IndexPage.byteCount) == IndexPage.byteCount else {
                throw SystemError(call: "read a page of", path: file.path, errno: .ioError)
            }
        } catch { throw IndexPage.failed(error.message, cause: error) }
        let contentEnd = start + IndexPage.contentBytes
        var nothing: [UInt8] = []
        var output = nothing.mutableSpan
        do throws(CryptoError) {
            try key.open(
                buffer.span.extracting(contentEnd..<start + IndexPage.byteCount), nonce: AEADNonce(low: UInt64(page)),
                associatedData: buffer.span.extracting(start..<contentEnd), into: &output)
        } catch { throw IndexPage.failed("page \(page) is not what was written", cause: error) }
    }
}
