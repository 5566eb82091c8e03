import DRRepository
import Testing

@Suite struct ObjectIDTests {
    @Test func thirtyTwoBytesAndNothingElseMakeAnID() throws {
        let bytes = [UInt8](0..<32)
        let id = try #require(ObjectID(bytes))
        #expect(id.bytes == bytes)
        #expect(id.description == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect(ObjectID(bytes.dropLast()) == nil)
        #expect(ObjectID(bytes + [0]) == nil)
    }

    @Test func kindsKeepTheirNumbers() {
        #expect(ObjectKind.allCases.map(\.rawValue) == [1, 2, 3, 4, 5, 6])
    }
}
