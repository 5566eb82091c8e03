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
        commandName: "supervisor", abstract: "Carry out a run's attempts (started by drctl itself).", shouldDisplay: false)

    @Option var place: Place
    @Option var run: String

    func run() async throws {
        let configuration = SupervisorConfiguration(
            place: place, runDirectory: FilePath(run), executable: try OwnExecutable.path())
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
        let input: ActionInput
        do {
            let bytes = try Self.standardInput()
            input = try JSONDecoder().decode(ActionInput.self, from: Data(bytes))
        } catch {
            Output.note("drctl action: the request on standard input cannot be read: \(error)")
            throw ExitCode(ExitStatus.usage.rawValue)
        }
        throw ExitCode(await ActionRunner(input: input).run())
    }
}

extension ActionCommand {
    /// All of standard input; a supervisor writes it whole and closes it.
    private static func standardInput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try buffer.withUnsafeMutableBytes { unsafe try FileDescriptor.standardInput.read(into: $0) }
            guard count > 0, bytes.count < 4 << 20 else { return bytes }
            bytes += buffer[..<count]
        }
    }
}

/// drctl's own binary, which supervisors and actions are started from.
enum OwnExecutable {
    static func path() throws -> FilePath {
        FilePath(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    }
}

extension Place: ExpressibleByArgument {}
