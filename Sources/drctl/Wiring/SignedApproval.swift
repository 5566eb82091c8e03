import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import Subprocess
import SystemPackage

/// Approvals that count by an SSH signature.
enum SignedApproval {
    /// What a person has to do with an exported statement.
    struct Exported: Encodable, Sendable {
        var run: String
        var step: String
        var file: String
        var signWith: String
    }

    /// - Throws: where the file is there already.
    static func export(_ statement: ApprovalStatement, to file: String) throws -> Outcome {
        let path = try Paths.absolute(file)
        try DurableFile.create(at: path, with: Array(try statement.encoded().utf8), mode: 0o644)
        let command = "ssh-keygen -Y sign -n \(SignedStatement.namespace) -f KEYFILE \(file)"
        return .run(
            [],
            text: """
                written: \(file), which approves nothing before it is signed.
                Sign it:        \(command)
                Then, here:     drctl approve --import \(file)
                """,
            result: Exported(
                run: statement.run, step: statement.step.rawValue, file: path.string, signWith: command))
    }

    /// Leaves what was signed elsewhere: the file, and its signature beside it.
    static func imported(_ file: String, state: StateOptions) async throws -> Outcome {
        let signed = SignedStatement(statement: try text(file), signature: try text(file + ".sig"))
        let statement: ApprovalStatement
        do {
            statement = try ApprovalStatement(text: signed.statement)
        } catch {
            throw Failure(
                exit: .usage, code: "approval.unreadable", message: "\(file) is no approval that was exported",
                hint: "export one with `drctl approve RUN STEP --export FILE`, and sign it as it is")
        }
        let view = try RunView(reading: RunDirectory.find(statement.run, in: state.root()))
        return try await leave(statement, signed, in: view)
    }

    static func leave(_ statement: ApprovalStatement, signedWith key: String, in view: RunView) async throws -> Outcome
    {
        let text = try statement.encoded()
        let keyfile = try Paths.absolute(key).string
        let result = try? await Subprocess.run(
            .name("ssh-keygen"),
            arguments: Arguments(["-q", "-Y", "sign", "-n", SignedStatement.namespace, "-f", keyfile]),
            input: .string(text), output: .string(limit: 64 << 10), error: .string(limit: 64 << 10))
        guard let result, result.terminationStatus == .exited(0) else {
            let said = result?.standardError.split(separator: "\n").first.map { ": \($0)" } ?? ""
            throw Failure(
                exit: .usage, code: "approval.notSigned", message: "ssh-keygen does not sign with \(key)\(said)",
                hint: result == nil
                    ? "install openssh-client" : "see that it is a private key, or a .pub file whose key the agent has")
        }
        return try await leave(statement, SignedStatement(statement: text, signature: result.standardOutput), in: view)
    }

    private static func leave(
        _ statement: ApprovalStatement, _ signed: SignedStatement, in view: RunView
    ) async throws -> Outcome {
        try await Asking(view).leave(
            statement.request(uid: Host.effectiveUID, signed: signed), done: "approved, signed: \(statement.step)")
    }

    private static func text(_ file: String) throws -> String {
        let bytes = try DurableFile.read(at: Paths.absolute(file), limit: RequestBox.byteLimit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(exit: .usage, code: "approval.unreadable", message: "\(file) is not text")
        }
        return text
    }
}
