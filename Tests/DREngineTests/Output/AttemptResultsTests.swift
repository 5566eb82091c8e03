import DRRunbook
import DRSystem
import FoundationEssentials
import SystemPackage
import Testing

@testable import DREngine

@Suite struct AttemptResultsTests {
    private func read(
        _ text: String?, declared: [String: OutputType] = [:], keepsUndeclared: Bool = false
    ) throws -> [String: Value] {
        let path = FilePath("/tmp/drctl-result-\(UInt64.random(in: 0...UInt64.max))")
        defer { try? DurableFile.remove(path) }
        if let text { try Data(text.utf8).write(to: URL(fileURLWithPath: path.string)) }
        return try AttemptResults.read(path, secrets: .none, declared: declared, keepsUndeclared: keepsUndeclared)
    }

    private func complaint(_ text: String, _ declared: [String: OutputType]) -> String? {
        do { return "read as \(try read(text, declared: declared))" } catch let error as AttemptResults.BadOutput {
            return error.message
        } catch { return nil }
    }

    private let declared: [String: OutputType] = ["path": .string, "count": .integer, "done": .boolean]

    @Test func declaredOutputsAreTypedAndOthersLeftOut() throws {
        let text = #"{"path": "/x", "count": 17, "done": true, "more": {"a": [1.5]}}"#
        #expect(
            try read(text, declared: declared)
                == ["path": .string("/x"), "count": .integer(17), "done": .boolean(true)])
    }

    @Test(arguments: [nil, "", " \n", "{}", #"{"path": null}"#]) func whatIsNotWrittenIsAbsent(text: String?) throws {
        #expect(try read(text, declared: declared) == [:])
    }

    @Test(arguments: [
        (#"{"count": "17"}"#, "“count” is declared as integer, but $DRCTL_OUTPUT holds a string"),
        (#"{"count": 1.5}"#, "“count” is declared as integer, but $DRCTL_OUTPUT holds a fraction"),
        (#"{"done": 1}"#, "“done” is declared as boolean, but $DRCTL_OUTPUT holds an integer"),
        (#"{"path": ["a"]}"#, "“path” is declared as string, but $DRCTL_OUTPUT holds a list or an object"),
        (#"["a"]"#, "does not hold one JSON object"), ("path=/x", "does not hold one JSON object"),
        (#"{"path": "#, "does not hold one JSON object"),
    ]) func whatDoesNotFitIsSaid(text: String, complaint: String) {
        #expect(self.complaint(text, declared)?.contains(complaint) == true, "\(self.complaint(text, declared) ?? "")")
    }

    @Test func actionsKeepTheirFixedNames() throws {
        #expect(
            try read(#"{"snapshot": "s1", "n": null, "list": [1]}"#, keepsUndeclared: true) == [
                "snapshot": .string("s1")
            ])
    }

    /// Outputs are journaled, so a secret in one, in whatever form the mask knows, fails the attempt.
    @Test(arguments: ["hunter2hunter2", "is hunter2hunter2!", "aHVudGVyMmh1bnRlcjI=", "68756e7465723268756e74657232"])
    func aSecretIsNoOutput(text: String) throws {
        let path = FilePath("/tmp/drctl-result-\(UInt64.random(in: 0...UInt64.max))")
        defer { try? DurableFile.remove(path) }
        try Data(#"{"path": "\#(text)"}"#.utf8).write(to: URL(fileURLWithPath: path.string))
        let secrets = try SecretPatterns(["token": Array("hunter2hunter2".utf8)])
        #expect {
            _ = try AttemptResults.read(path, secrets: secrets, declared: declared, keepsUndeclared: false)
        } throws: { error in
            let message = (error as? AttemptResults.BadOutput)?.message ?? ""
            return message.contains("“path” holds a secret") && !message.contains(text)
        }
    }

    @Test func aLinkOrALargeFileIsNotRead() throws {
        let large = #"{"path": ""# + String(repeating: "x", count: 70_000) + #""}"#
        #expect(complaint(large, declared)?.contains("larger than 65536 bytes") == true)
        let link = "/tmp/drctl-result-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/etc/hostname")
        defer { try? FileManager.default.removeItem(atPath: link) }
        #expect {
            _ = try AttemptResults.read(FilePath(link), secrets: .none, declared: declared, keepsUndeclared: false)
        } throws: { ($0 as? AttemptResults.BadOutput)?.message.contains("not a regular file") == true }
        #expect {
            _ = try AttemptResults.read("/dev/zero", secrets: .none, declared: declared, keepsUndeclared: false)
        } throws: { ($0 as? AttemptResults.BadOutput)?.message.contains("not a regular file") == true }
    }
}
