import FoundationEssentials
package import SystemPackage

/// A folder of a test's own, which goes when the test lets go of it.
package final class TemporaryDirectory: Sendable {
    package let path: FilePath

    package init() throws {
        let name = "drctl-test-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
        path = FilePath(FileManager.default.temporaryDirectory.path).appending(name)
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    /// A path within.
    package func appending(_ name: String) -> FilePath { path.appending(name) }
}
