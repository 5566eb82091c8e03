import DRMeasure

/// An SVG picture under construction. Attributes and text are escaped here and nowhere else.
struct Picture {
    private(set) var body = ""
    private var open: [String] = []

    /// An element without content.
    mutating func draw(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        body += "<\(name)\(Self.written(attributes))/>\n"
    }

    /// Text at a point.
    mutating func write(_ text: String, x: Int, y: Int, _ attributes: KeyValuePairs<String, String> = [:]) {
        body += "<text x=\"\(x)\" y=\"\(y)\"\(Self.written(attributes))>\(Shown(text).html)</text>\n"
    }

    /// A group whose first child is a title: what a pointer shows and a screen reader says.
    mutating func group(
        _ attributes: KeyValuePairs<String, String>, title: String, _ content: (inout Picture) -> Void
    ) {
        body += "<g\(Self.written(attributes))><title>\(Shown(title).html)</title>\n"
        content(&self)
        body += "</g>\n"
    }

    /// The finished picture.
    /// - Parameters:
    ///   - name: unique on the page; the ids of title and description start with it.
    ///   - description: what somebody who cannot see the picture has to know.
    ///   - wrap: what is put around the elements.
    func finished(
        name: String, style: String, width: Int, height: Int, title: String, description: String,
        wrap: (String) -> String = { $0 }
    ) -> Markup {
        Markup(
            trusted: """
                <svg class="\(style)" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" \
                width="\(width)" height="\(height)" role="img" aria-labelledby="\(name)-title \(name)-text">
                <title id="\(name)-title">\(Shown(title).html)</title>
                <desc id="\(name)-text">\(Shown(description).html)</desc>
                \(wrap(body))</svg>
                """)
    }

    private static func written(_ attributes: KeyValuePairs<String, String>) -> String {
        attributes.map { " \($0.key)=\"\(Shown($0.value).html)\"" }.joined()
    }

    /// A text cut in its middle to a number of characters; beginnings and ends tell names apart.
    static func shortened(_ text: String, to length: Int) -> String {
        guard text.count > length, length > 4 else { return text }
        let head = (length - 1 + 1) / 2
        return text.prefix(head) + "…" + text.suffix(length - 1 - head)
    }
}

/// How a status looks; colour never stands alone, a symbol and a word always go with it.
enum Tone: String, CaseIterable {
    case good, bad, unknown, idle, waiting

    init(_ outcome: StepOutcome) {
        self =
            switch outcome {
            case .succeeded: .good
            case .failed: .bad
            case .skipped, .notStarted: .idle
            case .held, .waiting: .waiting
            case .unfinished, .inDoubt: .unknown
            }
    }

    init(_ verdict: ObjectiveVerdict.Outcome) {
        self =
            switch verdict {
            case .met: .good
            case .missed: .bad
            case .notEstablished: .unknown
            }
    }
}
