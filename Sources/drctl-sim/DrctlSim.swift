import ArgumentParser
import DRSimulation
import DRSystem

/// The command: arguments in, text out.
@main
struct DrctlSim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drctl-sim",
        abstract: "Runs drctl's engine in simulated worlds full of faults.",
        discussion: """
            Each seed is one run: a random plan, in a world whose runners crash, stand
            still and come back, whose disk loses, tears and forgets, whose clocks jump
            and whose people answer late, twice or wrongly. A seed and a commit give the
            same run everywhere. Exit status 1: an invariant did not hold.

            Example: drctl-sim --seeds 100000
            Example: drctl-sim --seed 4711 --story
            Example: drctl-sim --seed 4711 --shrink
            """)

    @Option(help: "The first seed.") var from: UInt64 = 1
    @Option(help: "How many seeds.") var seeds: UInt64 = 10_000
    @Option(help: "Run this seed alone.") var seed: UInt64?
    @Flag(help: "Print everything that happens (with --seed).") var story = false
    @Flag(help: "Make the seed smaller first (with --seed).") var shrink = false
    @Option(help: "How many seeds to run at once.") var workers = 2
    @Option(help: "Stop after so many violations.") var violations = 10

    func run() async throws {
        if let seed { return try one(seed) }
        let time = try SystemTimeSource()
        let start = time.bootNanoseconds()
        let campaign = Campaign(seeds: from...(from + max(1, seeds) - 1), violationLimit: violations)
        let outcome = await campaign.run(workers: workers)
        let seconds = Double(time.bootNanoseconds() - start) / 1e9
        for verdict in outcome.violations { print("seed \(verdict.seed): \(Self.words(verdict))") }
        let endings = outcome.endings.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        let statistics = outcome.statistics
        let faults = statistics.faults.sorted { $0.key.rawValue < $1.key.rawValue }
        print("\(outcome.seeds) runs in \(Self.rounded(seconds)) s, \(Int(Double(outcome.seeds) / seconds)) a second")
        print("ends: \(endings.joined(separator: ", "))")
        print(
            "\(statistics.resumes) starts of a runner, \(statistics.events) events, \(statistics.processes) processes")
        print("faults: \(faults.map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", "))")
        print(outcome.violations.isEmpty ? "no invariant was violated" : "VIOLATED: see the seeds above")
        if !outcome.violations.isEmpty { throw ExitCode(1) }
    }

    private func one(_ seed: UInt64) throws {
        if shrink, let smaller = Shrinker.shrink(seed: seed) {
            if story { for line in smaller.verdict.story { print(line) } }
            print("taken away: \(smaller.removed.joined(separator: ", "))")
            for step in smaller.steps { print("left: \(step)") }
            print("faults left: \(smaller.faults.joined(separator: ", "))")
            print("seed \(seed), made smaller: \(Self.words(smaller.verdict))")
            throw ExitCode(1)
        }
        let verdict = Simulation.run(seed: seed, tellsStory: story)
        for line in verdict.story { print(line) }
        print("seed \(seed): \(Self.words(verdict))")
        if verdict.violation != nil { throw ExitCode(1) }
    }

    private static func words(_ verdict: Simulation.Verdict) -> String {
        verdict.violation?.description ?? "every invariant held; the run \(verdict.statistics.outcome)"
    }

    private static func rounded(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }
}
