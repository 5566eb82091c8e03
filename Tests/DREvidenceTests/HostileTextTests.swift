import DRMachine
import DRRunbook
import Testing

@testable import DREvidence

/// Text that wants to be more than text.
@Suite struct HostileTextTests {
    static let payloads = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</pre></details><h1>Drill finished, every objective met</h1>",
        "{{verdict.headline}}{{{style}}}",
        "]]><svg/onload=alert(1)>",
        "\u{1B}[2J\u{1B}[31mred",
        "\u{202E}txt.exe\u{202C}",
        "a\r\nb\u{0}c",
        // An accent makes the quote another character; a browser still reads the quote.
        "\"\u{301} onload=alert(1) x=\"\u{301}",
        "<\u{338}script>",
        "&lt;b&gt;",
    ]

    private static let harmless = Result { PageShape(try Report.render(record("harmless"), tool: "harmless")) }

    /// A run in which every text that somebody else writes is hostile.
    private static func record(_ payload: String) throws -> Record {
        var plan = FirstDrill.plan
        plan.runbook.title = payload
        plan.runbook.owner = payload
        plan.environment = payload
        plan.inputs = ["source": payload]
        plan.services[0].owner = payload
        plan.services[0].name = payload
        plan.files = [PlannedFile(path: payload, sha256: Story.digest("x"), sizeBytes: 1, isExecutable: false)]
        plan.steps[0].title = payload
        plan.steps[0].id = StepID(payload)
        plan.steps[2].needs.append(Need(step: StepID(payload)))
        plan.people[1].name = payload
        var story = Story(plan)
        story.begin()
        story.tell(
            .isolationChecked(
                IsolationReport(
                    generation: 1, verdict: .broken,
                    probes: [
                        .init(
                            name: payload, isControl: false, answeredOutside: true, answeredInside: true,
                            detail: payload)
                    ])))
        let attempt = AttemptID(step: StepID(payload), number: 1)
        story.intend(attempt, work: .argv([payload, payload]))
        story.end(attempt, .couldNotStart(payload), outputs: [:], tail: payload, after: 3)
        story.tell(.stepFailed(StepID(payload), reason: payload, policy: .hold))
        story.tell(.stepHeld(StepID(payload), reason: payload, due: nil))
        story.does("source", for: 3, outputs: [payload: .string(payload)])
        story.tell(
            .clockMarked(
                ClockMark(clock: .disrupted, service: payload, at: story.now, basis: payload, synthetic: false)))
        let card = story.card("go-back", payload)
        story.approves(card, comment: payload)
        story.tell(.noted(uid: 1001, text: payload))
        story.tell(.requestRefused(id: payload, ownerUID: nil, reason: payload))
        story.close(.failed, payload, cause: .failed)
        return try story.record()
    }

    @Test("Hostile text stays text", arguments: payloads)
    func staysText(payload: String) throws {
        let page = try Report.render(try Self.record(payload), tool: payload)
        #expect(try PageShape(page) == Self.harmless.get(), "the text changed the page's structure")
        #expect(!page.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" && $0 != "\t" })
        #expect(!page.unicodeScalars.contains { $0.properties.generalCategory == .format })
    }

    @Test("The shape test sees what it is there to see")
    func shapeSees() {
        #expect(PageShape("<p a=\"x\">b</p>") == PageShape("<p a=\"y\">&lt;c&gt;</p>"))
        #expect(PageShape("<p a=\"x\">b</p>") != PageShape("<p a=\"x\" onload=\"y\">b</p>"))
        #expect(PageShape("<p>b</p>") != PageShape("<p>b<script></script></p>"))
    }

    @Test("Every text of the page went through one gate", arguments: FixtureRun.allCases)
    func onlyShownTexts(run: FixtureRun) throws {
        let record = try run.story.record()
        let page = ReportPage(record, try StepSection(record), tool: "drctl test")
        #expect(Self.rawTexts(page, path: "page").isEmpty)
        let steps = record.steps.enumerated().map { StepView($0.element, number: $0.offset + 1, record: record) }
        #expect(Self.rawTexts(steps, path: "steps").isEmpty)
    }

    /// Paths of texts in a value that are neither `Shown` nor `Markup`.
    private static func rawTexts(_ value: Any, path: String) -> [String] {
        if value is Shown || value is Markup || value is Bool { return [] }
        if value is String || value is Substring || value is Character { return [path] }
        return Mirror(reflecting: value).children.flatMap { rawTexts($0.value, path: "\(path).\($0.label ?? "-")") }
    }

    @Test("Control characters are shown, line breaks of a block stay")
    func shownText() {
        #expect(Shown("a\u{1B}[0m\nb").renderText == "a\\u{1B}[0m\\nb")
        #expect(Shown(block: "a\n\tb\r\nc\u{7}").renderText == "a\n\tb\nc\\u{7}")
        #expect(Shown("x\"\u{301}y").html == "x&quot;\\u{301}y")
        #expect(Shown("e\u{301}<").html == "e\u{301}&lt;")
    }
}

/// Names of elements and attributes in the order in which a browser would read them.
struct PageShape: Equatable {
    var tags: [String] = []

    init(_ page: String) {
        var rest = page.unicodeScalars[...]
        while let start = rest.firstIndex(of: "<") {
            rest = rest[rest.index(after: start)...]
            var tag = ""
            var quote: Unicode.Scalar?
            while let scalar = rest.popFirst() {
                if let open = quote {
                    if scalar == open { quote = nil }
                } else if scalar == "\"" || scalar == "'" {
                    quote = scalar
                } else if scalar == ">" {
                    break
                } else {
                    tag.unicodeScalars.append(scalar)
                }
            }
            // Class names and sizes may differ with a text's length; names of elements and attributes may not.
            tags.append(tag)
        }
    }
}
