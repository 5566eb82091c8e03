import ArgumentParser
import DRSystem
import SystemPackage
import Templates

struct Init: Command {
    static let configuration = CommandConfiguration(
        abstract: "Write a site file, a catalogue and a runbook that lints and drills at once.",
        discussion: """
            Nothing that is there is written over.

            Example:  drctl init runbooks && drctl drill runbooks/failover.yaml
            """)

    @Argument(help: "The folder; made where it is missing.", completion: .directory)
    var folder = "."
    @OptionGroup var output: OutputOptions

    func perform() async throws -> Outcome {
        let folder = try Paths.absolute(folder)
        let files = [
            ("site.yaml", Templates.initSite),
            ("services.yaml", Templates.initServices), ("failover.yaml", Templates.initRunbook),
        ]
        // Looked at first, so that nothing is half written.
        for (name, _) in files where try FileStatus.ifPresent(at: folder.appending(name)) != nil {
            throw Failure(
                exit: .usage, code: "init.exists", message: "\(displayEscaped(self.folder))/\(name) is there already",
                hint: "name another folder: drctl init FOLDER")
        }
        try DurableFile.makeDirectory(at: folder, mode: 0o755)
        var made: [FilePath] = []
        do {
            for (name, text) in files {
                try DurableFile.create(at: folder.appending(name), with: Array(text.utf8), mode: 0o644)
                made.append(folder.appending(name))
            }
        } catch {
            for path in made { try? DurableFile.remove(path) }
            throw error
        }
        let runbook = self.folder == "." ? "failover.yaml" : "\(self.folder)/failover.yaml"
        return Outcome(
            text: """
                wrote \(files.map(\.0).joined(separator: ", "))
                put your people in place of `operator` in site.yaml
                next:  drctl lint \(runbook)
                       drctl drill \(runbook)
                """,
            result: files.map { folder.appending($0.0).string })
    }
}
