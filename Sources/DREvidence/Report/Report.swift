import Mustache
import Templates

/// `report.html`: one file for people, drawn from a record; no script, nothing fetched from anywhere.
package enum Report {
    /// The page for a record.
    ///
    /// The same record gives the same page.
    /// - Parameter tool: what the footer names as the page's maker, `drctl 0.1.0`.
    /// - Throws: `EvidenceError` with `brokenTemplate` when drctl's own template does not parse.
    package static func render(_ record: Record, tool: String) throws(EvidenceError) -> String {
        let steps = try StepSection(record)
        return try template(Templates.report).render(ReportPage(record, steps, tool: tool))
    }

    static func template(_ text: String) throws(EvidenceError) -> MustacheTemplate {
        do {
            return try MustacheTemplate(string: text)
        } catch {
            throw EvidenceError(
                .brokenTemplate, "the report's template does not parse",
                hint: "this is a fault of drctl; record.json and the journal are whole", cause: error)
        }
    }

    /// What the footer of a page says of its maker.
    static func signature(of tool: String) -> String { "Made by \(Shown(tool).html)." }
}
