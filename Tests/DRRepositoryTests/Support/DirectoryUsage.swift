import Foundation
import SystemPackage

/// How much space files take.
enum DirectoryUsage {
    /// Blocks of 512 bytes, by du(1).
    static func blocks(of path: FilePath) throws -> Int {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/du")
        process.arguments = ["-s", "-B", "512", path.string]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Int(text.prefix { $0.isNumber }) ?? .max
    }
}
