import Testing

@testable import DRCrypto

@Suite struct AgeKeyTests {
    /// Written by age-keygen 1.1.1; made for this test and used nowhere else.
    private static let identityText = "AGE-SECRET-KEY-15T9WTCHKM3056AKVKDMM52DR6NLQTGPEED2JACQDCRKT7GU7MNKQM9VQ29"
    private static let recipientText = "age1sh7sdgj56hxx2zw5pcv9zrw264kp2zmfe0hs5g0vzffx8e4l55ys68vmwh"

    @Test func readAsAgeKeygenWrites() throws {
        let identity = try AgeIdentity(text: secret(Array(Self.identityText.utf8)))
        #expect(identity.recipient?.text == Self.recipientText)
        let text = try #require(try identity.text())
        #expect(reveal(text) == Array(Self.identityText.utf8))
        #expect(try AgeRecipient(Self.recipientText).text == Self.recipientText)
    }

    @Test func newKeysReadBack() throws {
        for _ in 0..<50 {
            let identity = try AgeIdentity.generate()
            let text = try #require(try identity.text())
            let recipient = try #require(identity.recipient?.text)
            #expect(try AgeIdentity(text: text).recipient?.text == recipient)
            #expect(try AgeRecipient(recipient).text == recipient)
        }
    }

    /// Bech32 catches every single wrong letter, and two that changed places.
    @Test func anyWrongLetterIsRefused() throws {
        let right = Array(Self.recipientText.utf8)
        for index in right.indices {
            for letter in Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l1bioA-".utf8) where letter != right[index] {
                var wrong = right
                wrong[index] = letter
                let text = String(decoding: wrong, as: UTF8.self)
                #expect(failure { _ = try AgeRecipient(text) }?.code == .malformed, "\(text)")
            }
        }
        for index in 4..<(right.count - 1) where right[index] != right[index + 1] {
            var wrong = right
            wrong.swapAt(index, index + 1)
            let text = String(decoding: wrong, as: UTF8.self)
            #expect(failure { _ = try AgeRecipient(text) }?.code == .malformed, "\(text)")
        }
    }

    private static let notRecipients: [String] = [
        "", "age", "age1", "age1qqqqqq", recipientText.uppercased(), " \(recipientText)", "\(recipientText) ",
        "\(recipientText)\n", String(recipientText.dropLast()), "\(recipientText)q", identityText,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG", "age1é",
    ]

    @Test(arguments: notRecipients)
    func whatIsNoRecipientIsRefused(text: String) {
        let error = failure { _ = try AgeRecipient(text) }
        #expect(error?.code == .malformed)
        #expect(error?.hint?.contains("age-keygen -y") == true)
    }

    /// Texts whose checksum is right and whose content is not: bits beyond the last byte, one letter too many, 31 and 33
    /// bytes, another prefix, nothing. Computed from BIP 173; the first text shows that the others could be right.
    @Test func aRightChecksumIsNotEnough() throws {
        _ = try AgeRecipient("age194c3vs4hy6cygqtz0j5lhtpj7hy9xra3jq7vfkczykr30ys6fzqsywtajt")
        for text in [
            "age194c3vs4hy6cygqtz0j5lhtpj7hy9xra3jq7vfkczykr30ys6fzq3eclg0e",
            "age194c3vs4hy6cygqtz0j5lhtpj7hy9xra3jq7vfkczykr30ys6fzqsqppl59m",
            "age194c3vs4hy6cygqtz0j5lhtpj7hy9xra3jq7vfkczykr30ys6fqekkns4",
            "age194c3vs4hy6cygqtz0j5lhtpj7hy9xra3jq7vfkczykr30ys6fzqhsspncg6",
            "agf194c3vs4hy6cygqtz0j5lhtpj7hy9xra3jq7vfkczykr30ys6fzqsvnjjuq",
            "age19l388n",
        ] {
            #expect(failure { _ = try AgeRecipient(text) }?.code == .malformed, "\(text)")
        }
    }

    @Test func anIdentityInLowerOrMixedCaseIsRefused() throws {
        for text in [
            Self.identityText.lowercased(), Self.identityText.dropLast(4) + Self.identityText.suffix(4).lowercased(),
            Self.recipientText,
        ] {
            let error = failure { _ = try AgeIdentity(text: secret(Array(text.utf8))) }
            #expect(error?.code == .malformed)
            #expect(error?.message.contains(text.suffix(8)) == false, "the text is shown")
        }
    }

    @Test func identityFilesMayHaveComments() throws {
        let other = try #require(try AgeIdentity.generate().text())
        let file =
            "# created: today\n# public key: \(Self.recipientText)\n\(Self.identityText)\r\n\n"
            + String(decoding: reveal(other), as: UTF8.self)
        let identities = try AgeIdentity.parse(file: secret(Array(file.utf8)))
        #expect(identities.count == 2)
        #expect(identities.first?.recipient?.text == Self.recipientText)
    }

    private static let badFiles: [(file: String, expected: String)] = [
        ("# nothing\n\n", "no identity"),
        ("", "no identity"),
        ("#\n\(identityText)\n\(identityText.dropLast())\n", "line 3"),
        (" \(identityText)", "line 1"),
        (recipientText, "line 1"),
    ]

    @Test(arguments: badFiles)
    func badIdentityFilesNameTheLine(file: String, expected: String) throws {
        let error = failure { _ = try AgeIdentity.parse(file: secret(Array(file.utf8))) }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains(expected) == true, "\(String(describing: error))")
        #expect(error?.message.contains(Self.identityText.suffix(20)) == false)
    }

    @Test func passphrasesHaveNoText() throws {
        #expect(try AgeIdentity.passphrase(secret([1])).recipient == nil)
        #expect(try AgeIdentity.passphrase(secret([1])).text() == nil)
        #expect(try AgeRecipient.passphrase(secret([1])).text == nil)
    }
}
