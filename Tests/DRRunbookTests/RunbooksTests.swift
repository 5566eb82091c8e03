import DRCrypto
import DRRunbook
import DRTestSupport
import FoundationEssentials
import Testing

/// Every file of `Runbooks/`, by what it says it is.
@Suite struct RunbooksTests {
    static let files: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: Fixture.runbooks.path)) ?? [])
        .filter { $0.hasSuffix(".yaml") }.sorted()

    @Test func thereAreSome() {
        #expect(Set(Self.files).isSuperset(of: ["first-drill.yaml", "services.yaml", "site.yaml"]))
    }

    @Test(arguments: files)
    func isSound(name: String) throws {
        let source = try Fixture.runbook(name)
        switch RunbookSources.kind(of: source) {
        case "Site": #expect(SiteDecoder.decode(source).diagnostics == [])
        case "Catalogue": #expect(CatalogueDecoder.decode(source).diagnostics == [])
        case "Runbook":
            let sources = try Self.sources(name)
            #expect(Fixture.text(sources.check().diagnostics) == "")
            let takes = sources.check().value?.runbook.inputs.keys.contains("source") == true
            let inputs = takes ? ["source": "/srv/site"] : [:]
            for mode in RunMode.allCases {
                let request = PlanningRequest(
                    mode: mode, inputs: inputs, folder: Fixture.runbooks.path)
                let planned = sources.plan(request, world: Fixture.world)
                #expect(Fixture.text(planned.diagnostics) == "")
                let plan = try #require(planned.value)
                #expect(try PlanCodec.decode(try PlanCodec.encode(plan)) == plan)
            }
        case let other: Issue.record("\(name) is a \(other ?? "file of no kind")")
        }
    }

    static func sources(_ name: String) throws -> RunbookSources {
        let runbook = try Fixture.runbook(name)
        var parts: [String: SourceText] = [:]
        for path in RunbookSources.parts(of: runbook, at: name) { parts[path] = try Fixture.runbook(path) }
        return RunbookSources(
            runbook: runbook, site: try Fixture.runbook("site.yaml"), catalogue: try Fixture.runbook("services.yaml"),
            parts: parts)
    }

    /// What the issue asks of the first drill: after a kill at any moment, `resume` alone is enough.
    @Test func firstDrillCanBeResumedAtAnyMoment() throws {
        let request = PlanningRequest(mode: .drill, inputs: ["source": "/srv/site"], folder: "/runbooks")
        let plan = try #require(try Self.sources("first-drill.yaml").plan(request, world: Fixture.world).value)
        for step in plan.steps + plan.cleanup {
            #expect(step.effect != .unsafe, "\(step.id)")
            #expect(step.background == nil || step.background?.onLoss == .restart, "\(step.id)")
            #expect(step.place == .inside || [.backup, .verify, .restore, .resync].contains(step.action.kind))
            for need in step.needs { #expect(need.accept == [.succeeded]) }
        }
        #expect(plan.targets.values.allSatisfy { $0.kind == .drill })
        #expect(plan.isolation?.readOnlyBinds == ["/srv/site"])
        #expect(plan.files.count == 13)
        #expect(plan.files.allSatisfy { $0.isExecutable && $0.path.hasPrefix("scripts/") })
        let kinds = Set(plan.steps.map(\.action.kind))
        #expect(kinds == [.run, .wait, .approve, .backup, .verify, .restore, .resync])
        let sides = plan.steps.compactMap(\.measures?.loss)
        #expect(sides == [.source, .recovered])
        let marks = plan.steps.flatMap(\.marks)
        #expect(marks.map(\.clock) == [.disrupted, .detected, .executed, .proven])
        #expect(marks.map(\.synthetic) == [true, false, false, false])
    }

    @Test func firstDrillPlan() throws {
        // Fixed bytes for the scripts, so that this file changes when the plan does and not with every comment.
        let world = PlanningWorld(
            file: { $0.hasPrefix("scripts/") ? RunbookFile(bytes: Array($0.utf8), isExecutable: true) : nil },
            uid: { $0 == "root" ? 0 : nil })
        let request = PlanningRequest(mode: .drill, inputs: ["source": "/srv/site"], folder: "/runbooks")
        var plan = try #require(try Self.sources("first-drill.yaml").plan(request, world: world).value)
        #expect(plan.runbook.digest == Digest.of(try Fixture.runbook("first-drill.yaml").bytes))
        #expect(plan.siteDigest == Digest.of(try Fixture.runbook("site.yaml").bytes))
        #expect(plan.catalogueDigest == Digest.of(try Fixture.runbook("services.yaml").bytes))
        plan.runbook.digest = Digest.of("")
        plan.siteDigest = nil
        plan.catalogueDigest = nil
        let bytes = try PlanCodec.encode(plan)
        try GoldenFile("Golden/first-drill.plan.json").expect(Fixture.readable(bytes))
    }
}
