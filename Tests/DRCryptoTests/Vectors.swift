import Foundation
import Testing

@testable import DRCrypto

/// A file of vectors: where they come from, and the cases.
struct VectorFile<Case: Decodable>: Decodable {
    let source: String
    let cases: [Case]
}

/// Reads `Vectors/NAME.json`. A missing or unreadable file fails the test that asks for it.
func vectors<Case: Decodable>(_ name: String, of type: Case.Type = Case.self) throws -> [Case] {
    let folder = try #require(Bundle.module.resourceURL)
    let data = try Data(contentsOf: folder.appendingPathComponent("Vectors/\(name).json"))
    let file = try JSONDecoder().decode(VectorFile<Case>.self, from: data)
    #expect(!file.source.isEmpty)
    #expect(!file.cases.isEmpty)
    return file.cases
}

/// Bytes that are written as hexadecimal digits in a vector file.
struct Hex: Decodable, CustomStringConvertible {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        bytes = try #require(unhex(text))
    }

    var description: String { hex(bytes) }
}

func unhex(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count, by: 2) {
        guard let byte = UInt8(String(decoding: digits[start...(start + 1)], as: UTF8.self), radix: 16) else {
            return nil
        }
        bytes.append(byte)
    }
    return bytes
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

func secret(_ bytes: [UInt8]) throws -> SecretBytes { try SecretBytes(copying: bytes) }

/// The bytes of a secret, for comparing in a test.
func reveal(_ secret: SecretBytes) -> [UInt8] {
    secret.withBytes { span in span.indices.map { span[$0] } }
}

/// The error that `body` throws; a recorded issue and nil if it throws none.
func failure(_ body: () throws -> Void) -> CryptoError? {
    #expect(throws: CryptoError.self, performing: body)
}
