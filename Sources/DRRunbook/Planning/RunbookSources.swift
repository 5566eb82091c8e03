/// The texts that a plan is made from, and the way from them to it:
/// `RunbookDecoder` → `RunbookValidator` → `Planner`.
package struct RunbookSources: Sendable {
    package var runbook: SourceText
    package var site: SourceText?
    package var catalogue: SourceText?

    package init(runbook: SourceText, site: SourceText? = nil, catalogue: SourceText? = nil) {
        self.runbook = runbook
        self.site = site
        self.catalogue = catalogue
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
        let runbook = RunbookDecoder.decode(runbook)
        var diagnostics = runbook.diagnostics + (site?.diagnostics ?? []) + (catalogue?.diagnostics ?? [])
        guard let read = runbook.value else { return Diagnosed(nil, diagnostics) }
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

    /// What a file says it is (`Runbook`, `Site`, `Catalogue`); nil when it does not say.
    package static func kind(of source: SourceText) -> String? { Document.kind(of: source) }
}
