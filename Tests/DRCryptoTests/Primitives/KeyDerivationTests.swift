import Testing

@testable import DRCrypto

@Suite struct KeyDerivationTests {
    struct CodeCase: Decodable { let name: String, key: Hex, message: Hex, code: String }

    @Test func publishedCodes() throws {
        for vector in try vectors("hmac-sha256", of: CodeCase.self) {
            let key = try secret(vector.key.bytes)
            #expect(hex(try HMACSHA256.authenticate(vector.message.bytes, key: key)) == vector.code, "\(vector.name)")
            // One keyed context for many messages, in one piece and in two, after others.
            var keyed = try HMACSHA256(key: key)
            _ = keyed.code(of: [9, 9, 9].span)
            for cut in 0...vector.message.bytes.count {
                let first = vector.message.bytes[..<cut]
                let second = vector.message.bytes[cut...]
                let code = keyed.code(of: first.span, second.span)
                #expect(code.hex == vector.code, "\(vector.name), cut at \(cut)")
            }
        }
    }

    @Test func anEmptyKeyIsAKey() throws {
        // RFC 2104 pads it with zeros, as it does a key of one zero.
        let none = try HMACSHA256.authenticate([1], key: secret([]))
        #expect(try none == HMACSHA256.authenticate([1], key: secret([0])))
        #expect(try none != HMACSHA256.authenticate([1], key: secret([1])))
    }

    struct DerivationCase: Decodable {
        let name: String, hash: String, secret: Hex, salt: Hex, info: Hex, count: Int, output: String
    }

    @Test func publishedDerivations() throws {
        for vector in try vectors("hkdf", of: DerivationCase.self) {
            let derive = vector.hash == "SHA-256" ? HKDF.sha256 : HKDF.sha512
            let output = try reveal(
                derive(secret(vector.secret.bytes), vector.salt.bytes, vector.info.bytes, vector.count))
            #expect(output.count == vector.count)
            let text = vector.output.hasPrefix("sha256:") ? "sha256:" + Digest.of(output).hex : hex(output)
            #expect(text == vector.output, "\(vector.name)")
        }
    }

    @Test(arguments: [0, -1, 255 * 32 + 1])
    func impossibleLengthsAreRefused(count: Int) throws {
        let key = try secret([1])
        #expect(
            failure { _ = try HKDF.sha256(secret: key, salt: [], info: [], count: count) }?.code == .invalidArgument)
    }

    @Test func anEmptySecretAndLongInfoAreRefused() throws {
        let empty = try secret([])
        let key = try secret([1])
        #expect(failure { _ = try HKDF.sha512(secret: empty, salt: [], info: [], count: 1) }?.code == .invalidArgument)
        let long = [UInt8](repeating: 0, count: HKDF.maximumInfoByteCount)
        #expect(try HKDF.sha512(secret: key, salt: [], info: long, count: 64).count == 64)
        #expect(
            failure { _ = try HKDF.sha512(secret: key, salt: [], info: long + [0], count: 64) }?.code
                == .invalidArgument)
    }

    struct ScryptCase: Decodable {
        let name: String, passphrase: String, salt: String
        let workFactor: Int, blockSize: UInt32, parallelism: UInt32, output: String
    }

    @Test func publishedScrypt() throws {
        for vector in try vectors("scrypt", of: ScryptCase.self) {
            let output = try Scrypt.derive(
                passphrase: secret(Array(vector.passphrase.utf8)), salt: Array(vector.salt.utf8),
                workFactor: vector.workFactor, blockSize: vector.blockSize, parallelism: vector.parallelism, count: 64)
            #expect(hex(reveal(output)) == vector.output, "\(vector.name)")
        }
    }

    /// libcrypto's own limit of 32 MiB would refuse this one.
    @Test func scryptTakesTheMemoryItNeeds() throws {
        #expect(try Scrypt.derive(passphrase: secret([1]), salt: [2], workFactor: 16, count: 32).count == 32)
    }

    @Test(arguments: [-1, 0, 31, 64])
    func impossibleWorkFactorsAreRefused(factor: Int) throws {
        let key = try secret([1])
        #expect(
            failure { _ = try Scrypt.derive(passphrase: key, salt: [], workFactor: factor, count: 32) }?.code
                == .invalidArgument)
    }
}
