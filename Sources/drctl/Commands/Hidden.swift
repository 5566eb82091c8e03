import ArgumentParser
import DREngine
import DRRunbook
import DRSystem
import FoundationEssentials
import Glibc
import SystemPackage

/// The process that carries out a run's attempts; started by the runner, never by people.
struct SupervisorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervisor", abstract: "Carry out a run's attempts (started by drctl itself).",
        shouldDisplay: false)

    @Option var place: Place
    @Option var run: String
    @Flag var drill = false
    @Option var drillReads: [String] = []

    func run() async throws {
        var configuration = SupervisorConfiguration(
            place: place, runDirectory: FilePath(run), executable: try OwnExecutable.path())
        if drill { configuration.drillReads = drillReads.map { FilePath($0) } }
        do {
            throw ExitCode(try await Supervisor.run(configuration))
        } catch let error as EngineError {
            Output.note(Failure(error).text)
            throw ExitCode(
                error.code == .placeHeld ? SupervisorConfiguration.placeHeldExit : Failure(error).exit.rawValue)
        }
    }
}

/// The process of a step that drctl carries out itself: its request and keys come on standard input.
struct ActionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "action", abstract: "Carry out one step (started by a supervisor).", shouldDisplay: false)

    @Argument var kind: String

    func run() async throws {
        ProcessStart.hideMemory()
        let input: ActionInput
        do {
            let bytes = try Descriptor(adopting: 0, path: "standard input").readAll(limit: 4 << 20)
            input = try JSONDecoder().decode(ActionInput.self, from: Data(bytes))
        } catch {
            Output.note("drctl action: the request on standard input cannot be read: \(error)")
            throw ExitCode(ExitStatus.usage.rawValue)
        }
        throw ExitCode(await ActionRunner(input: input).run())
    }
}

/// drctl's own binary, which supervisors and actions are started from.
enum OwnExecutable {
    static func path() throws -> FilePath {
        FilePath(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    }
}

extension Place: ExpressibleByArgument {}
