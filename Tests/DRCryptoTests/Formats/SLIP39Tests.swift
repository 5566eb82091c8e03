import Foundation
import Testing

@testable import DRCrypto

@Suite struct SLIP39Tests {
    struct Case: Decodable, CustomTestStringConvertible {
        let name: String
        let mnemonics: [String]
        let secret: Hex?
        /// What kind of refusal it is, where there is no secret.
        let error: String?

        var testDescription: String { name }
    }

    private static let cases: [Case] = (try? vectors("slip39")) ?? []
    private static let passphrase = Array("TREZOR".utf8)

    private func share(_ words: String) throws -> SLIP39Share { try SLIP39Share(words: secret(Array(words.utf8))) }

    private func words(_ shares: [SLIP39Share]) throws -> [String] {
        try shares.map { String(decoding: reveal(try $0.words()), as: UTF8.self) }
    }

    @Test func allVectorsAreThere() { #expect(Self.cases.count == 45) }

    @Test(arguments: cases)
    func officialVector(vector: Case) throws {
        if let expected = vector.secret {
            let shares = try vector.mnemonics.map(share)
            #expect(try reveal(SLIP39.combine(shares, passphrase: Self.passphrase)) == expected.bytes)
            #expect(try words(shares) == vector.mnemonics)
        } else {
            let error = failure {
                _ = try SLIP39.combine(vector.mnemonics.map(share), passphrase: Self.passphrase)
            }
            #expect(error?.code.rawValue == vector.error)
        }
    }

    @Test(arguments: [(1, 1, 16), (2, 3, 32), (3, 5, 32), (3, 5, 16), (16, 16, 16), (5, 9, 20)])
    func everyThresholdOfSharesGivesTheSecretBack(threshold: Int, count: Int, bytes: Int) throws {
        let whole = try SecretBytes.random(count: bytes)
        let texts = try words(SLIP39.split(whole, threshold: threshold, shares: count))
        #expect(Set(texts).count == count)
        for start in 0..<count {
            let chosen = (0..<threshold).map { texts[(start + $0 * 7) % count] }
            let distinct = Array(Set(chosen)).count == threshold ? chosen : Array(texts.prefix(threshold))
            #expect(try SLIP39.combine(distinct.reversed().map(share)).equals(whole))
            if threshold > 1 {
                let error = failure { _ = try SLIP39.combine(distinct.dropLast().map(share)) }
                #expect(error?.code == .incomplete && error?.message.hasSuffix("1 more") == true)
            }
        }
        // More than needed, and one twice.
        #expect(try SLIP39.combine((texts + texts).map(share)).equals(whole))
    }

    @Test func wordsAreReadInAnyCaseAndSpacing() throws {
        let whole = try SecretBytes.random(count: 16)
        let text = try words(SLIP39.split(whole, threshold: 1, shares: 1))[0]
        let odd = "  " + text.uppercased().replacingOccurrences(of: " ", with: "\r\n\t ") + "\n"
        #expect(try SLIP39.combine([share(odd)]).equals(whole))
    }

    /// The code promises to find mistakes in up to three words.
    @Test func everySingleWrongWordIsFound() throws {
        let text = try words(SLIP39.split(SecretBytes.random(count: 16), threshold: 2, shares: 2))[0]
        let right = text.split(separator: " ").map(String.init)
        for place in right.indices {
            var wrong = right
            wrong[place] = right[place] == "academic" ? "acid" : "academic"
            #expect(failure { _ = try share(wrong.joined(separator: " ")) }?.code == .malformed, "\(place)")
        }
        for place in right.indices.dropLast() where right[place] != right[place + 1] {
            var swapped = right
            swapped.swapAt(place, place + 1)
            #expect(failure { _ = try share(swapped.joined(separator: " ")) }?.code == .malformed, "\(place)")
        }
    }

    @Test(arguments: [("acadmic", "academic"), ("acadexyz", "academic"), ("zerro", "zero"), ("kidnay", "kidney")])
    func anUnknownWordIsNamedWithTheNearest(word: String, nearest: String) throws {
        let error = failure { _ = try share("duckling enlarge \(word) academic") }
        #expect(error?.message == "word 3, \"\(word)\", is not in the list of SLIP-39")
        #expect(error?.hint == "the nearest word is \"\(nearest)\"")
    }

    @Test func sharesOfTwoSecretsAreNotMixed() throws {
        let one = try SLIP39.split(SecretBytes.random(count: 16), threshold: 2, shares: 3)
        let other = try SLIP39.split(SecretBytes.random(count: 16), threshold: 2, shares: 3)
        if one[0].family == other[0].family { return }
        #expect(failure { _ = try SLIP39.combine([one[0], other[1]]) }?.code == .invalidArgument)
    }

    @Test(arguments: [(0, 3, 16), (4, 3, 16), (1, 2, 16), (2, 17, 16), (2, 3, 14), (2, 3, 17)])
    func impossibleNumbersAreRefused(threshold: Int, count: Int, bytes: Int) throws {
        let whole = try SecretBytes.random(count: bytes)
        #expect(
            failure { _ = try SLIP39.split(whole, threshold: threshold, shares: count) }?.code == .invalidArgument)
    }

    @Test func theFieldIsAField() {
        for one in UInt8.min...UInt8.max {
            #expect(GF256.multiply(one, GF256.inverse(one)) == (one == 0 ? 0 : 1))
            #expect(GF256.multiply(one, 1) == one)
        }
        // FIPS 197, 4.2.
        #expect(GF256.multiply(0x57, 0x83) == 0xc1 && GF256.multiply(0x57, 0x13) == 0xfe)
    }

    // MARK: The reference implementation

    private static let hasReference = (try? python("import shamir_mnemonic", []).status) == 0

    @Test(
        .enabled(
            if: hasReference, "the Python package shamir-mnemonic is not installed: no share was exchanged with it"),
        arguments: [16, 32])
    func bothWaysWithTheReference(bytes: Int) throws {
        let whole = try SecretBytes.random(count: bytes)
        let ours = try words(SLIP39.split(whole, threshold: 3, shares: 5))
        let combined = try Self.python(
            "import sys, shamir_mnemonic as s; print(s.combine_mnemonics(sys.argv[1:]).hex())",
            [ours[4], ours[0], ours[2]])
        #expect(combined.output == hex(reveal(whole)) + "\n")
        for extendable in ["True", "False"] {
            let theirs = try Self.python(
                """
                import sys, shamir_mnemonic as s
                m = s.generate_mnemonics(1, [(2, 3)], bytes.fromhex(sys.argv[1]), extendable=\(extendable))
                print("\\n".join(m[0]))
                """, [hex(reveal(whole))]
            ).output.split(separator: "\n").map(String.init)
            #expect(try SLIP39.combine([share(theirs[2]), share(theirs[0])]).equals(whole))
        }
    }

    private static func python(_ script: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
