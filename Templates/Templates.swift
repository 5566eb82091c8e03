/// The texts that drctl fills in, embedded in the binary from the files beside this one.
package enum Templates {
    /// The report's page, a Mustache template.
    package static var report: String { String(decoding: PackageResources.report_mustache, as: UTF8.self) }
    /// The report's style sheet, put into the page.
    package static var reportStyle: String { String(decoding: PackageResources.report_css, as: UTF8.self) }
}
