import ArgumentParser
import DRRunbook
import DRSystem
import FoundationEssentials
import SystemPackage

/// Which runbook, resolved how. The site and the catalogue lie beside the runbook unless named.
struct RunbookOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The runbook.", valueName: "runbook.yaml"), completion: .file(extensions: ["yaml"]))
    var runbook: String
    @Option(help: "One of the runbook's environments; left out, the only one of its kind.")
    var environment: String?
    @Option(
        name: .customLong("input"),
        help: ArgumentHelp("A value for an input; may be given again.", valueName: "name=value"))
    var inputs: [String] = []
    @Option(help: ArgumentHelp("The site file (default: site.yaml beside the runbook).", valueName: "file"))
    var site: String?
    @Option(help: ArgumentHelp("The catalogue (default: services.yaml beside the runbook).", valueName: "file"))
    var catalogue: String?

    /// The texts, named as the caller named them, so that diagnostics can be clicked on.
    func sources() throws -> RunbookSources {
        let source = try Self.text(runbook)
        return RunbookSources(
            runbook: source, site: try sibling(site, "site.yaml"), catalogue: try sibling(catalogue, "services.yaml"),
            parts: try Self.parts(of: source))
    }

    /// The runbooks that are part of one, and those that are part of them. What is not there, or cannot be read as a
    /// file, is left out, and said where it is named.
    static func parts(of runbook: SourceText) throws -> [String: SourceText] {
        let folder = FilePath(runbook.file).removingLastComponent()
        var parts: [String: SourceText] = [:]
        var open = RunbookSources.parts(of: runbook, at: "")
        while let path = open.popLast() {
            let file = folder.appending(path).string
            guard parts[path] == nil, let status = try? FileStatus.following(Paths.absolute(file)),
                status.kind == .regular
            else { continue }
            let text = try Self.text(file)
            parts[path] = text
            open += RunbookSources.parts(of: text, at: path)
        }
        return parts
    }

    /// - Parameter withoutIsolation: why a drill has to do without; nil: it is isolated.
    /// - Throws: `Failure` with every diagnostic, exit 40.
    func plan(_ mode: RunMode, withoutIsolation: String? = nil, shape: DrillShape? = nil) throws -> Plan {
        let folder = try Paths.absolute(runbook).removingLastComponent()
        let sources = try sources()
        var request = PlanningRequest(
            mode: mode, environment: environment, inputs: try absolute(try parsedInputs(), for: sources),
            folder: folder.string)
        request.withoutIsolation = withoutIsolation
        request.shape = shape
        let planned = sources.plan(request, world: try Self.world(of: runbook))
        let view = DiagnosticView(sources.texts)
        guard let plan = planned.sound else { throw DiagnosedFailure(diagnostics: planned.diagnostics, view: view) }
        for diagnostic in planned.diagnostics { Output.note(view.text(diagnostic)) }
        return plan
    }

    /// What a runbook finds beside itself and on this host.
    static func world(of runbook: String) throws -> PlanningWorld {
        let folder = try Paths.absolute(runbook).removingLastComponent()
        return PlanningWorld(file: { Self.file($0, in: folder) }, uid: { Host.userID(named: $0) })
    }

    /// A directory is meant as the caller's shell means it, whatever the runbook's folder.
    private func absolute(_ inputs: [String: String], for sources: RunbookSources) throws -> [String: String] {
        // What the inputs are costs a second reading of the runbook.
        if inputs.isEmpty { return [:] }
        let definitions = sources.check().value?.runbook.inputs ?? [:]
        return Dictionary(
            uniqueKeysWithValues: try inputs.map { name, value in
                (name, definitions[name]?.type == .directory ? try Paths.absolute(value).string : value)
            })
    }

    private func parsedInputs() throws -> [String: String] {
        var values: [String: String] = [:]
        for pair in inputs {
            guard let equals = pair.firstIndex(of: "=") else {
                throw Failure(
                    exit: .usage, code: "usage", message: "--input \(pair) has no value",
                    hint: "write --input name=value")
            }
            let name = String(pair[..<equals])
            guard values.updateValue(String(pair[pair.index(after: equals)...]), forKey: name) == nil else {
                throw Failure(exit: .usage, code: "usage", message: "--input \(name) is given twice")
            }
        }
        return values
    }

    private func sibling(_ named: String?, _ name: String) throws -> SourceText? {
        if let named { return try Self.text(named) }
        let beside = FilePath(runbook).removingLastComponent().appending(name)
        let path = beside.string.isEmpty ? name : beside.string
        return try FileStatus.ifPresent(at: Paths.absolute(path)) == nil ? nil : try Self.text(path)
    }

    static func text(_ name: String) throws -> SourceText {
        let path = try Paths.absolute(name)
        do {
            return SourceText(file: name, bytes: try DurableFile.read(at: path, limit: SourceText.maximumBytes + 1))
        } catch  where error.errno == .fileTooLarge {
            throw Failure(
                exit: .runbookInvalid, code: "runbook.unreadable",
                message: "\(name) is larger than \(ByteCount(Int64(SourceText.maximumBytes)))",
                hint: "no file of the language may be: split it, or give bulk data to a step as a file")
        } catch {
            throw Failure(
                exit: .runbookInvalid, code: "runbook.unreadable", message: "\(name) cannot be read: \(error.message)",
                hint: error.hint)
        }
    }

    private static func file(_ relative: String, in folder: FilePath) -> RunbookFile? {
        let path = folder.appending(relative)
        guard let status = try? FileStatus.following(path), status.kind == .regular,
            let bytes = try? DurableFile.read(at: path, limit: 64 << 20)
        else { return nil }
        return RunbookFile(bytes: bytes, isExecutable: status.permissions & 0o100 != 0)
    }
}

/// Every mistake of a runbook, as the failure of a command.
struct DiagnosedFailure: Error {
    var diagnostics: [Diagnostic]
    var view: DiagnosticView

    var failure: Failure {
        let errors = diagnostics.filter { $0.severity == .error }.count
        return Failure(
            exit: .runbookInvalid, code: "runbook.invalid",
            message: "\(counted(errors, "mistake")); nothing was started",
            details: diagnostics.map(view.text))
    }
}

/// Control characters escaped, line by line.
func displayEscapedLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { displayEscaped(String($0)) }.joined(
        separator: "\n")
}
