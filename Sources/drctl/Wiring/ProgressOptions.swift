import ArgumentParser

/// How a command that takes long tells how far it is.
struct ProgressOptions: ParsableArguments {
    enum Style: String, ExpressibleByArgument, CaseIterable {
        /// A line at a terminal, nothing elsewhere.
        case auto
        /// A JSON object a line on standard error, about once a second.
        case json
        case none
    }

    @Option(help: "How to tell progress on standard error.")
    var progress = Style.auto
}
