import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import Subprocess
import SystemPackage

/// Asks `ssh-keygen` whose signature one is: of the people whose keys the plan holds.
struct SignatureCheck: Sendable {
    private let directory: RunDirectory
    private let signers: String

    init(_ directory: RunDirectory, people: [PlannedPerson]) {
        self.directory = directory
        // The file that ssh-keygen(1) calls ALLOWED SIGNERS.
        signers = people.flatMap { person in
            (person.keys ?? []).map { "\(person.name) namespaces=\"\(SignedStatement.namespace)\" \($0)\n" }
        }.joined()
    }

    /// The person whose key made the signature over exactly this statement.
    /// - Throws: `signatureUnusable` where it is nobody's, does not hold, or cannot be checked.
    func signer(of signed: SignedStatement, id: String) async throws(EngineError) -> String {
        guard !signers.isEmpty else {
            throw EngineError(
                .signatureUnusable, "the plan holds nobody's key",
                hint: "write `keys` of the person into the site file; the next run knows them")
        }
        let names = ["signers", "signature"].map { directory.path.appending(".\(id).\($0)") }
        do {
            defer { for name in names { try? DurableFile.remove(name) } }
            do throws(SystemError) {
                try DurableFile.create(at: names[0], with: Array(signers.utf8), mode: 0o600)
                try DurableFile.create(at: names[1], with: Array(signed.signature.utf8), mode: 0o600)
            } catch {
                throw EngineError(.signatureUnusable, "the signature cannot be checked: \(error.message)")
            }
            let found = try await keygen(["find-principals", "-f", names[0].string, "-s", names[1].string], "")
            guard let name = found.split(separator: "\n").first.map(String.init) else {
                throw EngineError(.signatureUnusable, "the signature is made with a key that nobody of the plan has")
            }
            _ = try await keygen(
                [
                    "verify", "-f", names[0].string, "-s", names[1].string, "-I", name, "-n",
                    SignedStatement.namespace,
                ], signed.statement)
            return name
        } catch let error as EngineError {
            throw error
        } catch {
            throw EngineError(
                .signatureUnusable, "the signature cannot be checked: ssh-keygen cannot be run",
                hint: "install openssh-client")
        }
    }

    private func keygen(_ arguments: [String], _ input: String) async throws -> String {
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(["10", "ssh-keygen", "-Y"] + arguments), input: .string(input),
            output: .string(limit: 64 << 10), error: .string(limit: 64 << 10))
        guard result.terminationStatus == .exited(0) else {
            let said = result.standardError.split(whereSeparator: \.isNewline).first.map { ": \($0)" } ?? ""
            let isThere = result.terminationStatus != .exited(127)
            throw EngineError(
                .signatureUnusable,
                isThere
                    ? "the signature does not hold\(said)" : "the signature cannot be checked: there is no ssh-keygen",
                hint: isThere ? nil : "install openssh-client")
        }
        return result.standardOutput
    }
}
