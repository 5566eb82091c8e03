import DRArchive
import DRSystem
import Foundation
import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import DRRepository

/// Snapshots made by somebody who has a writer's keys and means harm: whatever they hold, and whatever another process does
/// to the target meanwhile, nothing outside of it is touched, by root as little as by anybody else.
@Suite struct HostileRestoreTests {
    /// A snapshot in the making, with a folder beside its target that nothing may touch.
    struct Scene {
        let repository = MemoryRepository()
        let place: TemporaryTree
        var outside: FilePath { place.path.appending("outside") }
        var target: FilePath { place.path.appending("target") }

        init() throws {
            place = try TemporaryTree()
            try place.write(Array("precious".utf8), to: "outside/file", permissions: 0o640)
            try place.write(Array("program".utf8), to: "outside/folder/program", permissions: 0o755)
            try place.handle("outside").makeSymbolicLink(try #require(FileName("link")), to: Array("file".utf8))
        }

        func metadata(_ kind: FileKind, _ permissions: UInt16 = 0o755) -> FileMetadata {
            FileMetadata(
                kind: kind, permissions: permissions, userID: 0, groupID: 0,
                modified: FileTime(seconds: 1_000, nanoseconds: 5))
        }

        func file(_ text: String, _ permissions: UInt16 = 0o644) throws -> (FileMetadata, EntryContent) {
            let content = Array(text.utf8)
            let id = repository.naming.chunkID(of: content)
            _ = try repository.put(NewObject(chunk: content, id: id))
            var metadata = metadata(.regular, permissions)
            metadata.sizeBytes = Int64(content.count)
            return (metadata, .file([FilePiece(link: ObjectLink(.chunk, id), lengthBytes: metadata.sizeBytes)]))
        }

        func link(to target: String) -> (FileMetadata, EntryContent) {
            var metadata = metadata(.symbolicLink, 0o777)
            metadata.linkTarget = Array(target.utf8)
            return (metadata, .nothing)
        }

        func device(_ kind: FileKind, _ major: UInt32, _ minor: UInt32) -> (FileMetadata, EntryContent) {
            var metadata = metadata(kind, 0o666)
            metadata.deviceMajor = major
            metadata.deviceMinor = minor
            return (metadata, .nothing)
        }

        func folder(_ entries: [String: (FileMetadata, EntryContent)]) throws -> (FileMetadata, EntryContent) {
            var builder = DirectoryBuilder(sink: repository, pageSeed: [])
            for (name, entry) in entries.sorted(by: { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
            ) {
                try builder.add(TreeEntry(name: #require(FileName(name)), metadata: entry.0, content: entry.1))
            }
            return (metadata(.directory), .directory(try builder.finish()))
        }

        func root(
            _ sources: [(String, (FileMetadata, EntryContent))], hardLinks: [[(Int, String)]] = []
        ) throws -> ObjectLink {
            let groups = hardLinks.map { $0.map { HardLinkTable.Member(source: $0.0, path: Array($0.1.utf8)) } }
            let root = TreeRoot(
                sources: sources.map { TreeRoot.Source(path: Array($0.0.utf8), metadata: $0.1.0, content: $0.1.1) },
                hardLinks: try HardLinkTable(grouping: groups).write(to: repository)
            ).encoded()
            return try repository.putNamed(.treeRoot, body: root.body, links: root.links)
        }

        /// Everything outside the target: names, inodes, modes, owners, times, content.
        func fingerprint() throws -> [String] {
            var lines: [String] = []
            let base = place.path.string
            for name in try FileManager.default.subpathsOfDirectory(atPath: base).sorted()
            where name != "target" && !name.hasPrefix("target/") {
                let path = FilePath(base).appending(name)
                let parent = try DirectoryHandle(opening: path.removingLastComponent())
                let status = try parent.status(of: try #require(FileName(path.lastComponent?.string ?? "")))
                var line = "\(name) \(status)"
                if status.kind == .regular { line += String(decoding: try place.read(name), as: UTF8.self) }
                lines.append(line)
            }
            return lines
        }
    }

    /// What a snapshot may hold, by name; each with what may come of it only where it was asked for.
    static let snapshots: [(String, @Sendable (Scene) throws -> ObjectLink)] = [
        (
            "links that lead out, absolute and relative, and to themselves",
            { scene in
                try scene.root([
                    (
                        "/x",
                        try scene.folder([
                            "absolute": scene.link(to: scene.outside.string), "relative": scene.link(to: "../outside"),
                            "self": scene.link(to: "self"), "up": scene.link(to: ".."), "z": try scene.file("z"),
                        ])
                    )
                ])
            }
        ),
        (
            "a hard link through a link that leads out, and one onto it",
            { scene in
                let file = try scene.file("evil")
                return try scene.root(
                    [
                        (
                            "/x",
                            try scene.folder([
                                "a": file, "folder": try scene.folder(["program": file]),
                                "link": scene.link(to: scene.outside.string), "other": file,
                            ])
                        )
                    ],
                    hardLinks: [[(0, "a"), (0, "link/file")], [(0, "folder/program"), (0, "link/folder/program")]])
            }
        ),
        (
            "a source beside one that is a link to outside",
            { scene in
                try scene.root([
                    ("/x", scene.link(to: scene.outside.string)), ("/x.d/file", try scene.file("evil")),
                    ("/y/../..", try scene.file("evil")),
                ])
            }
        ),
        (
            "devices, fifos and privileged bits",
            { scene in
                var capable = try scene.file("capable", 0o755)
                capable.0.extendedAttributes = [
                    ExtendedAttribute(
                        name: Array("security.capability".utf8),
                        value: [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
                    ExtendedAttribute(name: Array("trusted.overlay.opaque".utf8), value: [0x79]),
                ]
                var fixed = try scene.file("fixed")
                fixed.0.flags = .immutable
                return try scene.root([
                    (
                        "/x",
                        try scene.folder([
                            "capable": capable, "fifo": (scene.metadata(.fifo), .nothing),
                            "kmem": scene.device(.characterDevice, 1, 2), "sda": scene.device(.blockDevice, 8, 0),
                            "suid": try scene.file("suid", 0o6755), "x-fixed": fixed,
                        ])
                    )
                ])
            }
        ),
        (
            "a sparse file of 8 EiB",
            { scene in
                var huge = scene.metadata(.regular)
                huge.sizeBytes = .max
                huge.holes = [FileHole(offsetBytes: 0, lengthBytes: .max)]
                return try scene.root([
                    ("/x", try scene.folder(["huge": (huge, .file([])), "small": try scene.file("small")]))
                ])
            }
        ),
        (
            "a file that says it is longer than its chunks are",
            { scene in
                var (metadata, _) = try scene.file("short")
                let id = scene.repository.naming.chunkID(of: Array("short".utf8))
                metadata.sizeBytes = 1 << 30
                return try scene.root([
                    (
                        "/x",
                        try scene.folder([
                            "long": (
                                metadata, .file([FilePiece(link: ObjectLink(.chunk, id), lengthBytes: 1 << 30)])
                            )
                        ])
                    )
                ])
            }
        ),
        (
            "2,000 folders in each other",
            { scene in
                var entry = try scene.folder(["file": try scene.file("deep")])
                for _ in 0..<2_000 { entry = try scene.folder(["d": entry]) }
                return try scene.root([("/x", entry)])
            }
        ),
    ]

    /// Restores every snapshot as it is asked for: alone, with owners and special files, over a target that somebody has
    /// prepared with links, and while a process swaps what lies in it.
    private static func restoreAll() throws -> (cases: Int, touched: [String], swaps: Int) {
        var (cases, swaps) = (0, 0)
        var touched: [String] = []
        for (name, make) in snapshots {
            for isPrivileged in [false, true] {
                for setting in ["empty", "prepared", "swapped"] {
                    let scene = try Scene()
                    let root = try make(scene)
                    if setting != "empty" {
                        try scene.place.makeFolder("target")
                        let target = try scene.place.handle("target")
                        for link in ["a", "folder", "suid", "d", "small", "x.d"] {
                            guard let entry = FileName(link) else { continue }
                            try target.makeSymbolicLink(entry, to: scene.outside.bytes)
                        }
                    }
                    let before = try scene.fingerprint()
                    let swapper = Swapper(in: scene.target, to: scene.outside)
                    if setting == "swapped" { swapper.start() }
                    let request = RestoreRequest(
                        root: root, target: scene.target, overwrite: setting == "empty" ? .refuse : .always,
                        restoresOwners: isPrivileged, restoresSpecialFiles: isPrivileged)
                    for _ in 0..<(setting == "swapped" ? 4 : 1) {
                        _ = try? Restore(from: scene.repository).run(request)
                    }
                    swaps += swapper.stop()
                    cases += 1
                    if try scene.fingerprint() != before { touched.append("\(name), \(setting)") }
                    // Immutable files cannot be removed with the scene.
                    if let fixed = try? scene.place.handle("target").openFile(#require(FileName("x-fixed"))) {
                        try? fixed.removeFlags(.immutable)
                    }
                }
            }
        }
        return (cases, touched, swaps)
    }

    @Test("Nothing outside the target is touched, as root or as a user", arguments: [false, true])
    func outsideIsUntouched(asUser: Bool) async throws {
        guard !asUser || geteuid() == 0 else {
            print("skipped: the tests do not run as root, so they are a user's already")
            return
        }
        let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) { [asUser] in
            if asUser {
                guard setgroups(0, nil) == 0, setgid(65_534) == 0, setuid(65_534) == 0 else { exit(2) }
            }
            let (cases, touched, swaps) = try HostileRestoreTests.restoreAll()
            #expect(touched == [])
            #expect(cases >= 36)
            #expect(swaps > 0)
            print(
                "hostile restores \(asUser ? "as a user" : "as whoever tests"): \(cases), \(touched.count) touched something outside, \(swaps) swaps"
            )
        }
        if let text = result.map({ String(decoding: $0.standardOutputContent, as: UTF8.self) }) {
            for line in text.split(separator: "\n") where line.hasPrefix("hostile restores") { print(line) }
        }
    }
}

/// A process that is not drctl's friend: it puts links in the place of what a restore has made.
private final class Swapper: Sendable {
    private let target: FilePath
    private let outside: FilePath
    private let mustStop = Monitor(false)
    private let isDone = Monitor(true)
    private let swaps = Mutex(0)

    init(in target: FilePath, to outside: FilePath) {
        self.target = target
        self.outside = outside
    }

    func start() {
        isDone.withLock { $0 = false }
        BlockingThread.detach { [self] in
            let link = outside.bytes
            while !mustStop.withLock({ $0 }) {
                guard let handle = try? DirectoryHandle(opening: target), let entries = try? handle.entries(),
                    let aside = FileName("aside")
                else { continue }
                for entry in entries.prefix(4) where entry.name != aside {
                    guard (try? handle.rename(entry.name, to: aside, in: handle, .refuse)) != nil else { continue }
                    if (try? handle.makeSymbolicLink(entry.name, to: link)) != nil { swaps.withLock { $0 += 1 } }
                    try? handle.removeFile(entry.name)
                    try? handle.rename(aside, to: entry.name, in: handle, .refuse)
                }
            }
            isDone.withLock { $0 = true }
            isDone.signalAll()
        }
    }

    /// - Returns: how often it swapped something.
    func stop() -> Int {
        mustStop.withLock { $0 = true }
        _ = isDone.waiting(until: { $0 }) { _ in }
        return swaps.withLock { $0 }
    }
}
