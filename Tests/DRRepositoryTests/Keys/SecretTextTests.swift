import DRCrypto
import Testing

@testable import DRRepository

struct SecretTextTests {
    private struct Statement: Codable {
        let host: String
        let keys: [SecretString]
        let key: SecretString
    }

    private func text(_ secret: SecretBytes) -> String {
        String(decoding: secret.withBytes { $0.copied() }, as: UTF8.self)
    }

    @Test func secretsStandWhereTheTextHasThem() throws {
        let key = try secret([0x00, 0x9f, 0xff])
        let whole: SecretText = "# \(12): ä\n\(secret: try key.hexadecimal())\n"
        #expect(text(try whole.bytes()) == "# 12: ä\n009fff\n")
    }

    @Test(arguments: ["", "0", "0g", "0G", "FF", "0x00", "00 "])
    func whatIsNotHexadecimalIsNoKey(_ digits: String) throws {
        let key = try secret(Array(digits.utf8)).ofHexadecimal()
        #expect(digits.isEmpty ? key?.count == 0 : key == nil)
    }

    /// What names a secret inside a string is no secret: it is escaped there.
    @Test func jsonWithSecretsIsWhatItWouldBeWithoutHidingThem() throws {
        let host = "\"key\":\"0\",\\"
        let statement = Statement(
            host: host, keys: [], key: SecretString(try secret(Array("0123".utf8))))
        let written = try SecretJSON.encode(statement, secrets: ["key"]).bytes()
        #expect(text(written) == #"{"host":"\"key\":\"0\",\\","key":"0123","keys":[]}"#)
        let read = try SecretJSON.decode(Statement.self, from: written, secrets: ["key"], name: "it")
        #expect(read.host == host)
        #expect(text(read.key.text) == "0123")
    }

    @Test func jsonThatSomebodyLaidOutAnewIsRead() throws {
        let laidOut = try secret(Array("{\n  \"host\" : \"h\",\n  \"key\" :\t\"ab\",\n  \"keys\": [ ]\n}\n".utf8))
        let read = try SecretJSON.decode(Statement.self, from: laidOut, secrets: ["key"], name: "it")
        #expect(text(read.key.text) == "ab")
    }

    @Test(arguments: [
        #"{"host":"h","keys":[],"key":7}"#, #"{"host":"h","keys":[]}"#,
        #"{"host":"h","keys":["1"],"key":"ab"}"#, #"{"host":"h","keys":[],"\u006bey":"ab"}"#, #"{"key":"ab"#,
        #"{"key""#,
        #"{"key":"#, "",
    ])
    func whatIsNotAsWrittenIsRefused(_ json: String) throws {
        let bytes = try secret(Array(json.utf8))
        let refusal = #expect(throws: RepositoryError.self) {
            _ = try SecretJSON.decode(Statement.self, from: bytes, secrets: ["key"], name: "it")
        }
        #expect(refusal?.code == .damaged)
    }
}
