import FoundationEssentials
import Testing

@testable import DREngine

@Suite struct SecretMaskTests {
    private static let secret = "p@ss wörd/+=17"

    /// Every form in which the secret may show, in innocent surroundings.
    static let forms: [String] = {
        let bytes = Array(secret.utf8)
        let aligned = (0..<3).map { offset in
            Data(Array("xyz".utf8.prefix(offset)) + bytes + Array("tail".utf8)).base64EncodedString()
        }
        return [
            secret, "before \(secret) after", "\(secret)\(secret)",
            bytes.map { hex($0) }.joined(), bytes.map { hex($0).uppercased() }.joined(),
            "https://h/?q=p%40ss%20w%C3%B6rd%2F%2B%3D17&x", "q=p%40ss+w%C3%B6rd%2F%2B%3D17",
            "p%40ss%20w%c3%b6rd%2f%2b%3d17",
        ] + aligned
            + aligned.map { $0.replacing("+", with: "-").replacing("/", with: "_") }
    }()

    private static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }

    private static func mask(_ pieces: [ArraySlice<UInt8>], _ patterns: SecretPatterns) -> [UInt8] {
        var mask = SecretMask(patterns)
        return pieces.flatMap { mask.take(Array($0)) } + mask.finish()
    }

    @Test(arguments: forms) func everyFormIsMasked(form: String) throws {
        let patterns = try SecretPatterns(["s": Array(Self.secret.utf8)])
        let masked = Self.mask([Array(form.utf8)[...]], patterns)
        let text = String(decoding: masked, as: UTF8.self)
        #expect(text.contains("***"))
        // Nothing that decodes to eight bytes of the secret is left: the longest common piece with the form is short.
        let rest = form.utf8.count - text.utf8.count
        #expect(rest >= Self.secret.utf8.count - 3, "\(form) → \(text)")
        #expect(!text.contains("wörd") && !text.contains("w%C3") && !text.lowercased().contains("77c3b6"))
    }

    /// The result depends on the stream, never on how it was cut into writes.
    @Test(arguments: 0..<200 as Range<UInt64>) func cutsMakeNoDifference(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let secrets = ["a": Array("aabaabaaab".utf8), "b": Array("baabaabab".utf8), "c": Array(Self.secret.utf8)]
        let patterns = try SecretPatterns(secrets)
        var stream: [UInt8] = []
        while stream.count < 300 {
            switch random.next() % 6 {
            case 0: stream += secrets["a"] ?? []
            case 1: stream += secrets["b"] ?? []
            case 2: stream += Array((Self.forms.randomElement(using: &random) ?? "").utf8)
            case 3: stream += (secrets["a"] ?? []).prefix(Int(random.next() % 10))
            default:
                stream += (0..<Int(random.next() % 12)).map { _ in UInt8(ascii: random.next() % 2 == 0 ? "a" : "b") }
            }
        }
        var pieces: [ArraySlice<UInt8>] = []
        var rest = stream[...]
        while !rest.isEmpty {
            let size = min(rest.count, Int(random.next() % 9) + 1)
            pieces.append(rest.prefix(size))
            rest = rest.dropFirst(size)
        }
        let whole = Self.mask([stream[...]], patterns)
        #expect(Self.mask(pieces, patterns) == whole)
        #expect(Self.mask(stream.indices.map { stream[$0...$0] }, patterns) == whole)
        for secret in secrets.values { #expect(!contains(whole, secret)) }
    }

    private func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        text.indices.contains { text[$0...].starts(with: part) }
    }

    @Test func eachLineOfASecretIsASecret() throws {
        let identity = "# public key: age1qqq\nAGE-SECRET-KEY-1ABCDEFGH\n"
        let patterns = try SecretPatterns(["identity": Array(identity.utf8)])
        let masked = Self.mask([Array("key AGE-SECRET-KEY-1ABCDEFGH here".utf8)[...]], patterns)
        #expect(String(decoding: masked, as: UTF8.self) == "key *** here")
    }

    @Test func aSecretThatTheStreamStopsInIsMasked() throws {
        let patterns = try SecretPatterns(["s": Array("0123456789abcdef".utf8)])
        #expect(String(decoding: Self.mask([Array("x 0123456789".utf8)[...]], patterns), as: UTF8.self) == "x ***")
        #expect(String(decoding: Self.mask([Array("x 0123".utf8)[...]], patterns), as: UTF8.self) == "x 0123")
    }

    @Test func aShortSecretIsRefusedByName() {
        #expect {
            _ = try SecretPatterns(["pin": Array("1234567".utf8)])
        } throws: { error in
            let error = error as? EngineError
            return error?.code == .secretUnusable && error?.message.contains("“pin”") == true
                && error?.message.contains("1234567") == false
        }
    }
}

/// A small generator whose sequence is its seed's alone.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
