import Testing

@testable import DRCrypto

@Suite struct Base64Tests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func published(plain: String, text: String) {
        let bytes = Array(plain.utf8)
        let bare = String(text.prefix { $0 != "=" })
        #expect(Base64.encode(bytes) == text)
        #expect(Base64.encode(bytes, padding: .forbidden) == bare)
        #expect(Base64.decode(text) == bytes)
        #expect(Base64.decode(bare, padding: .forbidden) == bytes)
        if bare != text {
            #expect(Base64.decode(bare) == nil)
            #expect(Base64.decode(text, padding: .forbidden) == nil)
        }
    }

    @Test(arguments: [
        "Zg=", "Zg", "Z", "Zh==", "Zm9=", "Zm8=Zm8=", "Zm 8", "Zm8=\n", "====", "=", "Zm9v====", "Zm9*", "é===",
    ])
    func onlyTheOneWayOfWriting(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func alphabets() {
        #expect(Base64.encode([0xfb, 0xff, 0xfe]) == "+//+")
        #expect(Base64.decode("+//+") == [0xfb, 0xff, 0xfe])
        #expect(Base64.decode("-__-") == nil)
        #expect(Base64.decode("-__-", alphabet: .standardOrURLSafe) == [0xfb, 0xff, 0xfe])
    }

    @Test func everyLength() throws {
        for count in 0..<100 {
            let bytes = try SecureRandom.bytes(count)
            for padding in [Base64.Padding.required, .forbidden] {
                #expect(Base64.decode(Base64.encode(bytes, padding: padding), padding: padding) == bytes)
            }
        }
    }
}
