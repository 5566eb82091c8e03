import DRSystem
import Foundation
import SystemPackage
import Testing

@testable import DRRepository

@Suite struct StorageProtectionTests {
    let folder: TemporaryTree
    let storage: LocalStorage

    init() throws {
        folder = try TemporaryTree()
        storage = LocalStorage(root: folder.path)
        try storage.put(Array("a pack".utf8), at: StoragePath("packs/a"))
    }

    @Test func anOrdinaryFolderIsNotAppendOnlyAndTheCanaryGoes() throws {
        let before = try DurableFile.list(folder.path.appending("packs"))
        guard case .changeable(let reason) = storage.protection() else {
            Issue.record("an ordinary folder protects nothing")
            return
        }
        for can in ["overwrite", "replace", "delete"] { #expect(reason.contains(can)) }
        #expect(try DurableFile.list(folder.path.appending("packs")) == before)
    }

    @Test func whereNothingCanBeWrittenNothingIsKnown() throws {
        let nowhere = LocalStorage(root: folder.path.appending("not there"))
        guard case .notEstablished(let reason) = nowhere.protection() else {
            Issue.record("nothing was tried")
            return
        }
        #expect(!reason.isEmpty)
    }

    /// - Returns: whether it could be done.
    private func chattr(_ flags: String, _ paths: FilePath...) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["chattr", flags] + paths.map(\.string)
        process.standardError = Pipe()
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    /// The flags of chattr deny what a server with an append-only mode denies.
    @Test func flagsThatDenyItMakeItAppendOnly() throws {
        let packs = folder.path.appending("packs")
        let canary = folder.path.pushing(FilePath(LocalStorage.canary.text))
        try DurableFile.create(at: canary, with: Array("here before".utf8))
        defer { _ = try? chattr("-ai", packs, canary) }
        guard try chattr("+i", canary), try chattr("+a", packs) else {
            print("chattr +a is not possible here: whether append-only is recognised was not tried")
            return
        }
        #expect(storage.protection() == .appendOnly)
        #expect(try DurableFile.read(at: canary, limit: 100) == Array("here before".utf8))
        // A folder that keeps names, and files whose content can be changed: a pack can still be destroyed.
        #expect(try chattr("-i", canary))
        guard case .changeable(let reason) = storage.protection() else {
            Issue.record("content can be changed")
            return
        }
        #expect(reason.contains("overwrite") && !reason.contains("delete"))
    }
}
