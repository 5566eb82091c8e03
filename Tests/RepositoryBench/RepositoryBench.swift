import DRSystem
import SystemPackage

/// Measures the parts of a repository's work apart from each other. Run it with Scripts/bench-stages, which builds it
/// optimised and prints the machine's own limits beside its figures.
@main
struct RepositoryBench {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "stages" where arguments.count == 2:
            try StageBench(file: FilePath(arguments[1])).run()
        case "index-build" where arguments.count == 3:
            try IndexBench(folder: FilePath(arguments[1]), chunkCount: Int(arguments[2]) ?? 0).build()
        case "index-ask" where arguments.count == 3:
            try IndexBench(folder: FilePath(arguments[1]), chunkCount: Int(arguments[2]) ?? 0).ask()
        default:
            print(
                """
                usage: RepositoryBench stages FILE                  each stage over the content of FILE
                       RepositoryBench index-build FOLDER CHUNKS    a local index of so many chunks
                       RepositoryBench index-ask FOLDER CHUNKS      opens it and asks it
                """)
        }
    }
}

/// Seconds on a clock that nobody sets.
func seconds<Result>(_ work: () throws -> Result) rethrows -> (seconds: Double, result: Result) {
    let clock = ContinuousClock()
    let start = clock.now
    let result = try work()
    return (Double((clock.now - start) / .nanoseconds(1)) / 1e9, result)
}

/// What the kernel says of this process: `VmHWM` is the most memory it ever had, `VmRSS` what it has now; in MB.
func memory(_ field: String) -> Double {
    guard let bytes = try? DurableFile.read(at: "/proc/self/status", limit: 1 << 16) else { return 0 }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    let words = lines.first { $0.hasPrefix(field) }?.split(whereSeparator: \.isWhitespace)
    return (words.flatMap { $0.count > 1 ? Double(String($0[1])) : nil } ?? 0) / 1024
}

/// A figure with so many digits behind the point.
func rounded(_ value: Double, _ digits: Int = 1) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    return "\((value * scale).rounded() / scale)"
}
