/// A value that is being written: its bytes, or its members until they are sorted.
///
/// What is inlinable here and in `ObjectCoding.swift` is made for each type that is written: looking the types up while
/// writing took half the time.
@usableFromInline final class EncodingFrame: Encoder {
    private enum Form { case nothing, single, members, elements }

    /// A member or an element: bytes of the frame, or another frame that is still open.
    private struct Entry {
        var key: String
        var start: Int
        var end: Int
        var open: EncodingFrame?
    }

    private(set) var bytes: [UInt8] = []
    private var entries: [Entry] = []
    private var form = Form.nothing
    /// The frame of the last value written here, for the next one: most of the time of a small value went into making one.
    private var spare: EncodingFrame?

    /// Errors of this encoder tell the value; where it stands, the value's type knows.
    @usableFromInline var codingPath: [any CodingKey] { [] }
    @usableFromInline var userInfo: [CodingUserInfoKey: Any] { [:] }
    var count: Int { entries.count }

    @usableFromInline func beginObject() { form = .members }

    @usableFromInline func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        beginObject()
        return KeyedEncodingContainer(MemberWriter(frame: self))
    }

    @usableFromInline func unkeyedContainer() -> any UnkeyedEncodingContainer {
        form = .elements
        return ElementWriter(frame: self)
    }

    @usableFromInline func singleValueContainer() -> any SingleValueEncodingContainer {
        form = .single
        return SingleWriter(frame: self)
    }

    // MARK: members and elements

    func add(_ key: String, _ write: (EncodingFrame) throws -> Void) rethrows {
        let start = place
        try write(self)
        addMember(key, from: start)
    }

    /// Where the next value begins.
    @usableFromInline var place: Int { bytes.count }

    /// A member whose value was written from there on.
    @usableFromInline func addMember(_ key: String, from start: Int) {
        entries.append(Entry(key: key, start: start, end: bytes.count))
    }

    /// A member that is written later, when this frame is written at the latest.
    func addOpen(_ key: String) -> EncodingFrame {
        let open = EncodingFrame()
        entries.append(Entry(key: key, start: bytes.count, end: bytes.count, open: open))
        return open
    }

    // MARK: values

    @inlinable func write<Value: Encodable>(_ value: Value) throws {
        // Elements of arrays and what is behind an optional come here by their generic type.
        if Value.self == String.self, writeAsText(value) { return }
        let frame = open()
        try value.encode(to: frame)
        close(frame)
    }

    /// A function of its own, as casts of a value whose type is not known here are dear even where they are not made.
    @usableFromInline @inline(never) func writeAsText<Value: Encodable>(_ value: Value) -> Bool {
        guard let text = value as? String else { return false }
        writeText(text)
        return true
    }

    /// A frame for a value of this one.
    @usableFromInline func open() -> EncodingFrame {
        defer { spare = nil }
        return spare ?? EncodingFrame()
    }

    /// Takes over what was written in a frame that was opened here.
    @usableFromInline func close(_ frame: consuming EncodingFrame) {
        frame.close(into: &bytes)
        // Whoever keeps an encoder has it to itself.
        guard isKnownUniquelyReferenced(&frame) else { return }
        frame.clear()
        spare = frame
    }

    /// Writes the next element of a part of an array, which `writeArray` puts together.
    @inlinable func writeElement(_ value: some Encodable) throws {
        if place > 0 { separate() }
        try write(value)
    }

    /// Makes this value an array of the elements that the parts hold.
    func writeArray(of parts: [[UInt8]]) {
        form = .single
        bytes.append(0x5b)
        for part in parts where !part.isEmpty {
            if bytes.count > 1 { bytes.append(0x2c) }
            bytes += part
        }
        bytes.append(0x5d)
    }

    /// Writes an array here, without a frame of its own.
    @inlinable func writeArray(_ elements: [some Encodable]) throws {
        beginArray()
        for index in elements.indices {
            if index > elements.startIndex { separate() }
            try write(elements[index])
        }
        endArray()
    }

    @usableFromInline func beginArray() { bytes.append(0x5b) }
    @usableFromInline func separate() { bytes.append(0x2c) }
    @usableFromInline func endArray() { bytes.append(0x5d) }
    @usableFromInline func writeEmptyObject() { bytes += [0x7b, 0x7d] }

    private func clear() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        form = .nothing
    }

    func writeNull() { bytes += [0x6e, 0x75, 0x6c, 0x6c] }

    @usableFromInline func writeBoolean(_ value: Bool) {
        bytes += value ? [0x74, 0x72, 0x75, 0x65] : [0x66, 0x61, 0x6c, 0x73, 0x65]
    }

    @inlinable func writeInteger(_ value: some BinaryInteger) {
        guard let magnitude = UInt64(exactly: value.magnitude) else { return writeDigits(String(value)) }
        writeInteger(magnitude, isNegative: value < 0)
    }

    @usableFromInline func writeDigits(_ text: String) { bytes.append(contentsOf: text.utf8) }

    @usableFromInline func writeInteger(_ magnitude: UInt64, isNegative: Bool) {
        var rest = magnitude
        // The longest have 20 digits.
        var digits: InlineArray<20, UInt8> = .init(repeating: 0)
        var first = digits.count
        repeat {
            first -= 1
            digits[first] = 0x30 + UInt8(rest % 10)
            rest /= 10
        } while rest > 0
        if isNegative { bytes.append(0x2d) }
        for index in first..<digits.count { bytes.append(digits[index]) }
    }

    @usableFromInline func writeText(_ text: String) { Self.append(text, to: &bytes) }

    func refuseFraction(_ value: some FloatingPoint & Sendable) throws -> Never {
        throw EncodingError.invalidValue(
            value, .init(codingPath: [], debugDescription: "there are no fractions in canonical JSON"))
    }

    // MARK: bytes

    private func close(into target: inout [UInt8]) {
        switch form {
        case .single: target += bytes
        case .nothing: target += [0x7b, 0x7d]
        case .elements:
            target.append(0x5b)
            for (index, entry) in entries.enumerated() {
                if index > 0 { target.append(0x2c) }
                append(entry, to: &target)
            }
            target.append(0x5d)
        case .members:
            if !isSorted { entries.sort { Self.precedes($0.key, $1.key) } }
            target.append(0x7b)
            for (index, entry) in entries.enumerated() {
                if index > 0 { target.append(0x2c) }
                Self.append(entry.key, to: &target)
                target.append(0x3a)
                append(entry, to: &target)
            }
            target.append(0x7d)
        }
    }

    private func append(_ entry: Entry, to target: inout [UInt8]) {
        if let open = entry.open { return open.close(into: &target) }
        target += bytes[entry.start..<entry.end]
    }

    private var isSorted: Bool {
        guard entries.count > 1 else { return true }
        for index in 1..<entries.count where Self.precedes(entries[index].key, entries[index - 1].key) { return false }
        return true
    }

    /// By their bytes.
    private static func precedes(_ one: String, _ other: String) -> Bool {
        let (mine, others) = (one.utf8.span, other.utf8.span)
        for index in 0..<min(mine.count, others.count) where mine[index] != others[index] {
            return mine[index] < others[index]
        }
        return mine.count < others.count
    }

    private static func needsNoEscape(_ text: String) -> Bool {
        let bytes = text.utf8.span
        for index in bytes.indices where bytes[index] < 0x20 || bytes[index] == 0x22 || bytes[index] == 0x5c {
            return false
        }
        return true
    }

    private static func append(_ text: String, to target: inout [UInt8]) {
        target.append(0x22)
        if needsNoEscape(text) {
            target.append(contentsOf: text.utf8)
            return target.append(0x22)
        }
        for byte in text.utf8 {
            if byte >= 0x20 && byte != 0x22 && byte != 0x5c {
                target.append(byte)
                continue
            }
            target.append(0x5c)
            switch byte {
            case 0x22, 0x5c: target.append(byte)
            case 0x08: target.append(0x62)
            case 0x0c: target.append(0x66)
            case 0x0a: target.append(0x6e)
            case 0x0d: target.append(0x72)
            case 0x09: target.append(0x74)
            default: target += [0x75, 0x30, 0x30, hexDigit(byte >> 4), hexDigit(byte & 15)]
            }
        }
        target.append(0x22)
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
