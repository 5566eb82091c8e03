import DRRepository
import DRSystem
import Foundation
import SystemPackage

/// A folder of a test's own, removed with it.
final class TemporaryTree: Sendable {
    let path: FilePath

    init() throws {
        let base = FilePath(FileManager.default.temporaryDirectory.path)
        let path = base.appending("drctl-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
        self.path = path
    }

    deinit {
        if let parent = try? DirectoryHandle(opening: path.removingLastComponent()),
            let name = path.lastComponent.flatMap({ FileName($0.string) })
        {
            _ = try? parent.removeTree(name)
        }
    }

    func handle(_ relative: String = "") throws -> DirectoryHandle {
        try DirectoryHandle(opening: relative.isEmpty ? path : path.appending(relative))
    }

    /// Writes a file, its folders too.
    func write(_ content: [UInt8], to relative: String, permissions: UInt16 = 0o644) throws {
        let full = path.appending(relative)
        try makeFolders(full.removingLastComponent())
        let folder = try DirectoryHandle(opening: full.removingLastComponent())
        let name = try name(full.lastComponent?.string ?? "")
        try write(content, name, in: folder, permissions)
    }

    func write(_ text: String, to relative: String) throws { try write(Array(text.utf8), to: relative) }

    func write(
        _ content: [UInt8], _ name: FileName, in folder: borrowing DirectoryHandle, _ permissions: UInt16 = 0o644
    ) throws {
        do { try folder.removeFile(name) } catch {}
        let file = try folder.createFile(name)
        try file.write(content, at: 0)
        try file.setPermissions(permissions)
    }

    func makeFolder(_ relative: String) throws { try makeFolders(path.appending(relative)) }

    func read(_ relative: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path.appending(relative).string)))
    }

    func exists(_ relative: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: path.appending(relative).string)) != nil
    }

    private func makeFolders(_ folder: FilePath) throws {
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
    }

    private func name(_ text: String) throws -> FileName {
        guard let name = FileName(text) else { throw TreeTestError.noName(text) }
        return name
    }
}

enum TreeTestError: Error {
    case noName(String)
}

/// Bytes that look random and are the same every time.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SplitMix(state: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        let word = generator.next()
        for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    return Array(bytes.prefix(count))
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
