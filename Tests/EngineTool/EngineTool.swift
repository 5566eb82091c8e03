import DREngine
import DRMachine
import DRRunbook
import DRSystem
import FoundationEssentials
import Glibc
import SystemPackage

/// Stands in for drctl's hidden commands in the engine's tests.
@main
struct EngineTool {
    static func main() async {
        let arguments = CommandLine.arguments
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? arguments[0]
        if arguments.count == 3, arguments[1] == "action" { exit(await act()) }
        guard arguments.count >= 6, arguments[1] == "supervisor", let place = Place(rawValue: arguments[3]) else {
            print("usage: supervisor --place PLACE --run DIR")
            exit(64)
        }
        var configuration = SupervisorConfiguration(
            place: place, runDirectory: FilePath(arguments[5]), executable: FilePath(own))
        configuration.grace = .milliseconds(500)
        if arguments.contains("--drill") { configuration.drillReads = [] }
        do {
            exit(try await Supervisor.run(configuration))
        } catch {
            _ = try? FileDescriptor.standardError.writeAll("\(error)\n".utf8)
            exit(error.code == .placeHeld ? SupervisorConfiguration.placeHeldExit : 1)
        }
    }

    private static func act() async -> Int32 {
        do {
            let bytes = try DurableFile.read(at: "/proc/self/fd/0", limit: 16 << 20)
            let input = try JSONDecoder().decode(ActionInput.self, from: Data(bytes))
            switch input.request {
            case .http(let request): return await StepActions.http(request, secrets: input.secrets)
            case .check(let check): return await StepActions.check(check, secrets: input.secrets)
            case .wait(let check, let holds, let interval):
                return await StepActions.wait(check, holds: holds, interval: interval, secrets: input.secrets)
            default: return 64
            }
        } catch {
            print("\(error)")
            return 64
        }
    }
}
