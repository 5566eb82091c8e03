import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import FoundationEssentials
import Subprocess
import SystemPackage
import Testing

@testable import DREngine

/// Signatures by a real `ssh-keygen`.
@Suite struct SignatureCheckTests {
    @discardableResult
    private func keygen(_ arguments: [String], _ input: String = "") async throws -> String {
        let result = try await Subprocess.run(
            .name("ssh-keygen"), arguments: Arguments(["-q"] + arguments), input: .string(input),
            output: .string(limit: 64 << 10), error: .string(limit: 64 << 10))
        #expect(result.terminationStatus == .exited(0), "\(result.standardError)")
        return result.standardOutput
    }

    private func sign(_ text: String, _ key: String, namespace: String = "drctl") async throws -> SignedStatement {
        SignedStatement(
            statement: text, signature: try await keygen(["-Y", "sign", "-n", namespace, "-f", key], text))
    }

    @Test func aSignatureIsItsOwners() async throws {
        let scratch = try TemporaryDirectory()
        let keys = ["ada", "bob", "eve"].map { scratch.path.appending($0).string }
        for key in keys { try await keygen(["-t", "ed25519", "-N", "", "-f", key]) }
        let people = try zip(["ada", "bob"], keys).map { name, key in
            let line = String(decoding: try DurableFile.read(at: FilePath(key + ".pub"), limit: 4096), as: UTF8.self)
            return PlannedPerson(name: name, user: name, keys: [line.trimmingSuffix { $0 == "\n" }])
        }
        let run = RunDirectory(at: scratch.path)
        let check = SignatureCheck(run, people: people)
        #expect(try await check.signer(of: sign("go\n", keys[1]), id: "q") == "bob")
        #expect(try await check.signer(of: sign("go\n", keys[0]), id: "q") == "ada")
        func reason(_ signed: SignedStatement, _ check: SignatureCheck) async -> String {
            do {
                return "signed by \(try await check.signer(of: signed, id: "q"))"
            } catch {
                return error.message
            }
        }
        let stranger = try await sign("go\n", keys[2])
        #expect(await reason(stranger, check) == "the signature does not hold: No principal matched.")
        var other = try await sign("go\n", keys[0])
        other.statement = "stay\n"
        #expect(await reason(other, check).hasPrefix("the signature does not hold"))
        let elsewhere = try await sign("go\n", keys[0], namespace: "file")
        #expect(await reason(elsewhere, check).hasPrefix("the signature does not hold"))
        #expect(await reason(SignedStatement(statement: "go\n", signature: "none"), check).hasPrefix("the signature"))
        #expect(await reason(stranger, SignatureCheck(run, people: [])) == "the plan holds nobody's key")
        // Nothing is left of what it was asked with.
        #expect(try DurableFile.list(scratch.path).filter { $0.hasPrefix(".") } == [])
    }
}

extension String {
    fileprivate func trimmingSuffix(while drop: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, drop(last) { text = text.dropLast() }
        return String(text)
    }
}
