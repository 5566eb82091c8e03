import DRCrypto

/// Finds the files that commands name. A word with a `/` that is a path of a file in the runbook's folder names
/// that file; a program with a relative path has to be one.
struct FileCollector {
    private let world: PlanningWorld
    private var found: [String: PlannedFile] = [:]
    private(set) var diagnostics: [Diagnostic] = []

    init(world: PlanningWorld) { self.world = world }

    /// Sorted by path.
    var files: [PlannedFile] { found.values.sorted { $0.path < $1.path } }

    mutating func collect(_ step: StepDefinition) {
        for word in step.words { collect(word, in: step.folder) }
    }

    private mutating func collect(_ word: CommandWord, in folder: String?) {
        guard let text = word.template.literal, text.contains("/"), !text.hasPrefix("/") else { return }
        guard let path = RelativePath.joined(folder ?? "", text) else {
            if word.isProgram {
                report(
                    word, "`\(text)` leads out of the runbook's folder",
                    fix: "put the program into the runbook's folder, or write its absolute path")
            }
            return
        }
        guard let file = world.file(path) else {
            if word.isProgram {
                report(
                    word, "there is no file `\(text)` in the runbook's folder", fix: "paths start there; put it there")
            }
            return
        }
        if word.isProgram, !file.isExecutable {
            report(word, "`\(text)` is not executable", fix: "run `chmod +x \(path)` in the runbook's folder")
        }
        found[path] = PlannedFile(
            path: path, sha256: Digest.of(file.bytes), sizeBytes: Int64(file.bytes.count),
            isExecutable: file.isExecutable)
    }

    /// The word as the plan has it: a file's path from the outermost runbook's folder.
    func named(_ template: Template, in folder: String?) -> Template {
        guard let text = template.literal, text.hasPrefix("./") || (folder ?? "") != "", text.contains("/"),
            let path = RelativePath.joined(folder ?? "", text), found[path] != nil
        else { return template }
        return Template(path)
    }

    /// The files that a step's commands name, sorted by path.
    func files(of step: PlannedStep) -> [PlannedFile] {
        var commands: [Command] = []
        func add(_ check: Check?) { if case .run(let command)? = check { commands.append(command) } }
        if case .run(let command) = step.action { commands.append(command) }
        if case .wait(let wait) = step.action { add(wait.check) }
        add(step.probe)
        add(step.background?.ready)
        let words = commands.flatMap { command -> [String] in
            if case .argv(let words) = command { words.compactMap(\.literal) } else { [] }
        }
        return Set(words).sorted().compactMap { found[$0] }
    }

    private mutating func report(_ word: CommandWord, _ message: String, fix: String) {
        diagnostics.append(Diagnostic(.file, at: word.place, message, fix: fix))
    }
}
