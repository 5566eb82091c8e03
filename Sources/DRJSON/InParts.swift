internal import DRParallel

/// A long array that is written and read in parts, on as many processors as there are. Its bytes are those of any array.
@propertyWrapper package struct InParts<Element: Codable & Sendable>: Sendable {
    package var wrappedValue: [Element]

    /// Keeps the array; this is what an assignment of it calls.
    package init(wrappedValue: [Element]) { self.wrappedValue = wrappedValue }

    /// Fewer are not worth another processor.
    private static var least: Int { 256 }
}

extension InParts: Equatable where Element: Equatable {}

extension InParts: Codable {
    package init(from decoder: any Decoder) throws {
        guard let frame = decoder as? DecodingFrame else {
            self.init(wrappedValue: try [Element](from: decoder))
            return
        }
        let values = try frame.elements()
        let parts = Parallel.chunks(of: values.count, least: Self.least)
        let results = Parallel.map(parts.count) { part in
            Result { try values[parts[part]].map { try $0.value(Element.self) } }
        }
        self.init(wrappedValue: [])
        wrappedValue.reserveCapacity(values.count)
        for result in results { wrappedValue += try result.get() }
    }

    package func encode(to encoder: any Encoder) throws {
        guard let frame = encoder as? EncodingFrame else { return try wrappedValue.encode(to: encoder) }
        let elements = wrappedValue
        let parts = Parallel.chunks(of: elements.count, least: Self.least)
        let results = Parallel.map(parts.count) { part in
            Result {
                let frame = EncodingFrame()
                for element in elements[parts[part]] { try frame.writeElement(element) }
                return frame.bytes
            }
        }
        frame.writeArray(of: try results.map { try $0.get() })
    }
}
