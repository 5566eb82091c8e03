import ArgumentParser
import AsyncHTTPClient
import DRSystem
import FoundationEssentials
import NIOCore
import NIOHTTP1
import SystemPackage

/// How a job that nobody watches tells a monitoring system how it ended.
struct MonitoringOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write how it ended, and what was seen, to this Prometheus textfile (replaced as a whole).",
            valueName: "file"))
    var metrics: String?
    @Option(
        help: ArgumentHelp(
            "Request this URL when it ended with exit 0, and the URL with /fail behind it otherwise.", valueName: "url")
    )
    var ping: String?

    /// One line of a textfile.
    struct Sample: Sendable {
        /// Without the prefix `drctl_`.
        var name: String
        var help: String
        var labels: [(name: String, value: String)] = []
        var value: Double
    }

    private static let pingLimit = TimeAmount.seconds(10)

    /// - Throws: usage, for a URL that cannot be requested, and for what is no file. A folder that is missing is told
    ///   after the work: no backup is left out for it.
    func check() throws {
        if let metrics { _ = try Paths.replaceable(metrics, for: "--metrics") }
        guard let ping else { return }
        guard ping.hasPrefix("http://") || ping.hasPrefix("https://"), (try? HTTPClient.Request(url: ping)) != nil
        else {
            throw Failure(
                exit: .usage, code: "usage.url", message: "--ping \(displayEscaped(ping)) is no http or https URL",
                hint: "write it whole: https://monitor.example/ping/orders")
        }
    }

    /// Does the work and tells how it ended, also when it failed. The work's own outcome stands; a textfile that could
    /// not be written is a condition of its own, because an old one would go on saying what it says.
    func watching(
        _ command: String, samples: (Outcome) -> [Sample], _ work: () async throws -> Outcome
    ) async throws -> Outcome {
        try check()
        let started = try SystemTimeSource().wallNanoseconds()
        var outcome: Outcome
        do { outcome = try await work() } catch {
            let exit = Failure(error).exit
            try? write(command, exit, started, [])
            await tell(exit)
            throw error
        }
        do { try write(command, outcome.exit, started, samples(outcome)) } catch {
            let failure = Failure(error)
            Output.note(failure.text)
            outcome = outcome.adding(.notEstablished)
        }
        await tell(outcome.exit)
        return outcome
    }

    private func write(_ command: String, _ exit: ExitStatus, _ started: Int64, _ samples: [Sample]) throws {
        guard let metrics else { return }
        let now = try SystemTimeSource().wallNanoseconds()
        let general = [
            Sample(
                name: "\(command)_exit_code", help: "How the last run ended; 0 is done, see drctl's table.",
                value: Double(exit.rawValue)),
            Sample(
                name: "\(command)_ended_timestamp_seconds", help: "When the last run ended.",
                value: Double(now) / 1e9),
            Sample(
                name: "\(command)_duration_seconds", help: "How long the last run took.",
                value: Double(now - started) / 1e9),
        ]
        let path = try Paths.absolute(metrics)
        do throws(SystemError) {
            try DurableFile.replace(
                at: path, with: Array(MetricsText.of(general + samples).utf8), mode: 0o644)
        } catch {
            throw Failure(
                exit: .notEstablished, code: "metrics.unwritable",
                message: "the metrics could not be written to \(displayEscaped(path.string)); what is there is old",
                hint: error.hint, cause: error.message)
        }
    }

    /// A monitor that was not told finds out by itself: it misses the ping.
    private func tell(_ exit: ExitStatus) async {
        guard let ping else { return }
        let url = exit == .done ? ping : ping + (ping.hasSuffix("/") ? "fail" : "/fail")
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout = .init(connect: Self.pingLimit, read: Self.pingLimit)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let response = try await client.execute(HTTPClientRequest(url: url), timeout: Self.pingLimit)
            if !(200..<300).contains(response.status.code) {
                Output.note("drctl: the monitor at \(displayEscaped(url)) answered \(response.status.code)")
            }
        } catch {
            Output.note("drctl: the monitor at \(displayEscaped(url)) was not reached: \(displayEscaped("\(error)"))")
        }
        try? await client.shutdown()
    }
}

/// The text format that Prometheus' node exporter collects.
enum MetricsText {
    static func of(_ samples: [MonitoringOptions.Sample]) -> String {
        var text = ""
        var described = Set<String>()
        for sample in samples {
            let name = "drctl_\(sample.name)"
            if described.insert(name).inserted { text += "# HELP \(name) \(sample.help)\n# TYPE \(name) gauge\n" }
            let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value))\"" }.joined(separator: ",")
            text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(number(sample.value))\n"
        }
        return text
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
