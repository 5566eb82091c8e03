import DRParallel
import Mustache
import Templates

/// What a page says of its steps: most of a long run's page, rendered in parts on as many processors as there are.
struct StepSection {
    /// Rows of the overview, in the record's order.
    var rows: Markup
    /// What stands below it, an article a step.
    var articles: Markup

    private struct Part { var steps: [StepView] }

    /// - Throws: `brokenTemplate` when a template of drctl's own does not parse.
    init(_ record: Record) throws(EvidenceError) {
        let row = try Report.template(Templates.reportStepRow)
        let article = try Report.template(Templates.reportStep)
        let parts = Parallel.chunks(of: record.steps.count, least: 32)
        let rendered = Parallel.map(parts.count) { number in
            let part = Part(
                steps: parts[number].map { StepView(record.steps[$0], number: $0 + 1, record: record) })
            return (row: row.render(part), article: article.render(part))
        }
        rows = Markup(trusted: rendered.map(\.row).joined())
        articles = Markup(trusted: rendered.map(\.article).joined())
    }
}
