import Foundation

/// A Swift file of the house, by its path relative to the package's root.
struct HouseFile: Sendable, CustomStringConvertible {
    var path: String
    var source: SwiftSource

    var description: String { path }

    /// `Sources/DRCrypto/Formats/Age.swift` belongs to `DRCrypto`.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : String(parts.first ?? "")
    }

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    var isTest: Bool { path.hasPrefix("Tests/") }
}

/// All Swift files that the package compiles, read once.
enum House {
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()

    static let files: [HouseFile] = ["Sources", "Templates", "Tests"].flatMap(swiftFiles(under:))
    static let sources = files.filter { !$0.isTest }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// The folders directly under one, by name.
    static func folders(in path: String) throws -> [String] {
        let keys: [URLResourceKey] = [.isDirectoryKey]
        return try FileManager.default
            .contentsOfDirectory(at: root.appending(path: path), includingPropertiesForKeys: keys)
            .filter { try $0.resourceValues(forKeys: Set(keys)).isDirectory == true }
            .map(\.lastPathComponent).sorted()
    }

    private static func swiftFiles(under folder: String) -> [HouseFile] {
        let base = root.appending(path: folder)
        guard let walk = FileManager.default.enumerator(atPath: base.path) else { return [] }
        return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().compactMap { path in
            guard let text = try? String(contentsOf: base.appending(path: path), encoding: .utf8) else { return nil }
            return HouseFile(path: folder + "/" + path, source: SwiftSource(text))
        }
    }
}
