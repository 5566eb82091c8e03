/// The texts that drctl fills in, embedded in the binary from the files beside this one.
package enum Templates {
    /// The report's page, a Mustache template.
    package static var report: String { String(decoding: PackageResources.report_mustache, as: UTF8.self) }
    /// A row of the report's table of steps, once for each of `steps`.
    package static var reportStepRow: String {
        String(decoding: PackageResources.report_step_row_mustache, as: UTF8.self)
    }
    /// What the report says of a step, once for each of `steps`.
    package static var reportStep: String { String(decoding: PackageResources.report_step_mustache, as: UTF8.self) }
    /// The report's style sheet, put into the page.
    package static var reportStyle: String { String(decoding: PackageResources.report_css, as: UTF8.self) }

    /// What pictures refer to: symbols of tones, the head of an arrow; the content of a `defs` element.
    package static var icons: String { String(decoding: PackageResources.icons_svg, as: UTF8.self) }

    /// The site file that `drctl init` writes.
    package static var initSite: String { String(decoding: PackageResources.init_site_yaml, as: UTF8.self) }
    /// The catalogue beside it.
    package static var initServices: String { String(decoding: PackageResources.init_services_yaml, as: UTF8.self) }
    /// A runbook that drills at once.
    package static var initRunbook: String { String(decoding: PackageResources.init_runbook_yaml, as: UTF8.self) }
}
