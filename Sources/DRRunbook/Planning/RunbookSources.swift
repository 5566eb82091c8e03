/// The texts that a plan is made from, and the way from them to it:
/// `RunbookDecoder` → `RunbookValidator` → `Planner`.
package struct RunbookSources: Sendable {
    package var runbook: SourceText
    package var site: SourceText?
    package var catalogue: SourceText?
    /// The runbooks that are part of it, by their paths from its folder.
    package var parts: [String: SourceText]

    package init(
        runbook: SourceText, site: SourceText? = nil, catalogue: SourceText? = nil, parts: [String: SourceText] = [:]
    ) {
        self.runbook = runbook
        self.site = site
        self.catalogue = catalogue
        self.parts = parts
    }

    /// All of them.
    package var texts: [SourceText] {
        [runbook, site, catalogue].compactMap { $0 } + parts.sorted { $0.key < $1.key }.map(\.value)
    }

    /// A runbook with the site and the catalogue it was checked against.
    package struct Checked: Sendable {
        package var runbook: Runbook
        package var site: Site?
        package var catalogue: Catalogue?
    }

    /// Reads and checks everything. Every mistake of all three files is among the diagnostics.
    /// - Parameter world: where the files that commands name are looked for; without it they are not.
    package func check(in world: PlanningWorld? = nil) -> Diagnosed<Checked> {
        let site = site.map { SiteDecoder.decode($0) }
        let catalogue = catalogue.map { CatalogueDecoder.decode($0) }
        let outermost = RunbookDecoder.decode(runbook)
        var diagnostics = outermost.diagnostics + (site?.diagnostics ?? []) + (catalogue?.diagnostics ?? [])
        guard let written = outermost.value else { return Diagnosed(nil, diagnostics) }
        var composition = RunbookComposition(texts: parts)
        let read = composition.composed(written, path: RelativePath.name(of: runbook.file))
        diagnostics += composition.diagnostics
        diagnostics += RunbookValidator.diagnostics(for: read, site: site?.value, catalogue: catalogue?.value)
        if let world {
            var files = FileCollector(world: world)
            for step in (read.steps + read.cleanup).flatMap(\.variants) { files.collect(step) }
            diagnostics += files.diagnostics
        }
        return Diagnosed(Checked(runbook: read, site: site?.value, catalogue: catalogue?.value), diagnostics)
    }

    /// The plan; nil where a diagnostic is an error. Warnings are passed on.
    package func plan(_ request: PlanningRequest, world: PlanningWorld) -> Diagnosed<Plan> {
        let checked = check()
        guard let sound = checked.sound else { return Diagnosed(nil, checked.diagnostics) }
        let planned = Planner.plan(
            sound.runbook, site: sound.site, catalogue: sound.catalogue, request, world: world)
        return Diagnosed(planned.value, checked.diagnostics + planned.diagnostics)
    }

    /// The files that the steps of a runbook name as its parts, by their paths from the outermost runbook's folder, as
    /// far as they lie in it.
    /// - Parameter path: the runbook's own, from there.
    package static func parts(of source: SourceText, at path: String) -> [String] {
        let steps = source.document?["spec"]?["steps"]?.elements ?? []
        return steps.compactMap { step in
            guard let named = step["runbook"], let file = (named["file"] ?? named).scalar?.text else { return nil }
            return RelativePath.joined(RelativePath.folder(of: path), file)
        }
    }

    /// What a file says it is (`Runbook`, `Site`, `Catalogue`); nil when it does not say.
    package static func kind(of source: SourceText) -> String? { Document.kind(of: source) }
}
