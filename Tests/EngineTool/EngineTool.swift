import DREngine
import DRRunbook
import FoundationEssentials
import Glibc
import SystemPackage

/// Stands in for drctl's hidden commands in the engine's tests.
@main
struct EngineTool {
    static func main() async {
        let arguments = CommandLine.arguments
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? arguments[0]
        guard arguments.count == 6, arguments[1] == "supervisor", let place = Place(rawValue: arguments[3]) else {
            print("usage: supervisor --place PLACE --run DIR")
            exit(64)
        }
        var configuration = SupervisorConfiguration(
            place: place, runDirectory: FilePath(arguments[5]), executable: FilePath(own))
        configuration.grace = .milliseconds(500)
        do {
            exit(try await Supervisor.run(configuration))
        } catch {
            _ = try? FileDescriptor.standardError.writeAll("\(error)\n".utf8)
            exit(error.code == .placeHeld ? SupervisorConfiguration.placeHeldExit : 1)
        }
    }
}
