import Foundation
import Testing

@testable import DRCrypto

/// Files go both ways between drctl and the `age` of the machine.
@Suite struct StockAgeTests {
    static let isInstalled = ["age", "age-keygen", "script"].allSatisfy { path(of: $0) != nil }

    @Test(
        .enabled(if: isInstalled, "age, age-keygen or script is not installed: what drctl writes was not shown to age"),
        arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
    func bothWaysWithARecipient(count: Int) throws {
        try withFolder { folder in
            let keyFile = folder.appendingPathComponent("key.txt")
            try run("age-keygen", ["-o", keyFile.path])
            let identities = try AgeIdentity.parse(file: secret(Array(Data(contentsOf: keyFile))))
            let identity = try #require(identities.first)
            let recipient = try #require(identity.recipient?.text)
            let plaintext = try SecureRandom.bytes(count)

            let ours = folder.appendingPathComponent("ours.age")
            let stranger = try #require(try AgeIdentity.generate().recipient)
            try Data(Age.encrypt(secret(plaintext), to: [stranger, AgeRecipient(recipient)])).write(to: ours)
            let opened = folder.appendingPathComponent("opened")
            try run("age", ["-d", "-i", keyFile.path, "-o", opened.path, ours.path])
            // age leaves no file behind for an empty plaintext.
            let bytes = count == 0 ? [] : Array(try Data(contentsOf: opened))
            #expect(bytes == plaintext)

            let plain = folder.appendingPathComponent("plain")
            try Data(plaintext).write(to: plain)
            let theirs = folder.appendingPathComponent("theirs.age")
            try run("age", ["-r", recipient, "-o", theirs.path, plain.path])
            #expect(try reveal(Age.decrypt(Array(Data(contentsOf: theirs)), identities: identities)) == plaintext)
        }
    }

    @Test(.enabled(if: isInstalled, "age, age-keygen or script is not installed: key texts were not shown to age"))
    func ageKeygenReadsOurIdentities() throws {
        try withFolder { folder in
            let identity = try AgeIdentity.generate()
            let keyFile = folder.appendingPathComponent("key.txt")
            try Data(reveal(try #require(try identity.text())) + [10]).write(to: keyFile)
            let output = try run("age-keygen", ["-y", keyFile.path])
            #expect(output == (identity.recipient?.text ?? "none") + "\n")
        }
    }

    /// age reads passphrases from a terminal only: `script` makes one.
    @Test(
        .enabled(if: isInstalled, "age, age-keygen or script is not installed: passphrase files were not shown to age"))
    func bothWaysWithAPassphrase() throws {
        try withFolder { folder in
            let passphrase = "correct horse battery"
            let secretPassphrase = try secret(Array(passphrase.utf8))
            let plaintext = Array("what was lost\n".utf8)

            let ours = folder.appendingPathComponent("ours.age")
            let recipient = try AgeRecipient.passphrase(secretPassphrase, workFactor: 12)
            try Data(Age.encrypt(secret(plaintext), to: [recipient])).write(to: ours)
            let opened = folder.appendingPathComponent("opened")
            try run(
                "script", ["-qec", "age -d -o '\(opened.path)' '\(ours.path)'", "/dev/null"], input: passphrase + "\n")
            #expect(Array(try Data(contentsOf: opened)) == plaintext)

            let theirs = folder.appendingPathComponent("theirs.age")
            try run(
                "script", ["-qec", "age -p -o '\(theirs.path)' '\(opened.path)'", "/dev/null"],
                input: passphrase + "\n" + passphrase + "\n")
            let file = Array(try Data(contentsOf: theirs))
            #expect(try reveal(Age.decrypt(file, identities: [.passphrase(secretPassphrase)])) == plaintext)
        }
    }

    // MARK: Running programs

    private static func path(of program: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The standard output of a program that succeeded.
    @discardableResult
    private func run(_ program: String, _ arguments: [String], input: String = "") throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.path(of: program)))
        process.arguments = arguments
        let (stdin, stdout) = (Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = FileHandle.nullDevice
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments) failed: \(output.count) bytes of output")
        return String(decoding: output, as: UTF8.self)
    }

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("drctl-age-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }
}
