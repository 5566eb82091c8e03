internal import DRRunbook
internal import DRSystem
internal import Glibc
internal import SystemPackage

/// The processes that this process's namespace shows, as they were at one moment.
struct ProcessTable {
    struct Entry: Sendable, Equatable {
        var identity: ProcessIdentity
        var name: String
        var parent: Int32
        var session: Int32
        /// Nothing of it can act any more; its first thread alone being over does not make it one.
        var isZombie: Bool
        var description: String { "\(identity.pid) \(displayEscaped(name))" }
    }

    private(set) var entries: [Entry] = []

    /// - Throws: when /proc cannot be listed. Processes that end meanwhile are left out.
    init(bootID: String) throws(SystemError) {
        for name in try DurableFile.list("/proc") {
            guard let pid = Int32(name), let entry = Self.entry(of: pid, bootID: bootID) else { continue }
            entries.append(entry)
        }
    }

    /// Only these processes, as far as they are there.
    init(of pids: [Int32], bootID: String) {
        entries = pids.compactMap { Self.entry(of: $0, bootID: bootID) }
    }

    /// The processes of an attempt: its session, the descendants of its main process, and whatever carries its
    /// mark in its environment. Zombies are left out, and so is this process.
    /// - Parameter main: the attempt's main process, which led its session, alive or not; nil where not known.
    func members(main: ProcessIdentity?, mark: AttemptMark) -> [Entry] {
        // A pid is not given out again while it is a session's number: if another process has it by now, the
        // session is gone too.
        let holder = main.flatMap { main in entries.first { $0.identity.pid == main.pid } }
        let session = holder == nil || holder?.identity == main ? main?.pid : nil
        let family = holder?.identity == main ? main.map { descendants(of: $0.pid) } ?? [] : []
        let own = getpid()
        return entries.filter { entry in
            guard !entry.isZombie, entry.identity.pid != own else { return false }
            return entry.session == session || family.contains(entry.identity.pid)
                || Self.environment(of: entry.identity.pid, holds: mark)
        }
    }

    /// What these processes hold beyond their limits, in words; nil: nothing.
    static func excess(of members: [Entry], over limits: ProcessLimits) -> String? {
        if let most = limits.processes, members.count > most {
            return "it had \(members.count) processes, and may have \(most)"
        }
        guard let most = limits.memoryBytes else { return nil }
        let held = members.reduce(0) { $0 + residentBytes(of: $1.identity.pid) }
        if held <= most { return nil }
        let (has, may) = (ProcessLimits.words(bytes: held), ProcessLimits.words(bytes: most))
        return "its processes held \(has) of memory, and may hold \(may)"
    }

    /// 0 for a process that is gone.
    private static func residentBytes(of pid: Int32) -> Int64 {
        // proc(5): size and resident, in pages.
        guard let bytes = try? DurableFile.read(at: FilePath("/proc/\(pid)/statm"), limit: 4096),
            let pages = Int64(String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first ?? "")
        else { return 0 }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }

    private func descendants(of main: Int32) -> Set<Int32> {
        var family: Set<Int32> = [main]
        var grew = true
        while grew {
            grew = false
            for entry in entries where family.contains(entry.parent) && family.insert(entry.identity.pid).inserted {
                grew = true
            }
        }
        return family
    }

    private static func entry(of pid: Int32, bootID: String) -> Entry? {
        guard let bytes = try? DurableFile.read(at: FilePath("/proc/\(pid)/stat"), limit: 4096),
            let opening = bytes.firstIndex(of: UInt8(ascii: "(")), let closing = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        // proc(5): state, ppid, pgrp, session, … starttime is the 20th after the name.
        let fields = String(decoding: bytes[(closing + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
            let session = Int32(fields[3]), let threads = Int(fields[17]), let ticks = UInt64(fields[19])
        else { return nil }
        return Entry(
            identity: ProcessIdentity(pid: pid, startTicks: ticks, bootID: bootID),
            name: String(decoding: bytes[(opening + 1)..<closing], as: UTF8.self), parent: parent, session: session,
            isZombie: (state == "Z" || state == "X") && threads <= 1)
    }

    /// A process of another user, whose environment cannot be read, is none of ours.
    private static func environment(of pid: Int32, holds mark: AttemptMark) -> Bool {
        guard let bytes = try? DurableFile.read(at: FilePath("/proc/\(pid)/environ"), limit: 4 << 20) else {
            return false
        }
        return mark.isIn(environment: bytes)
    }
}

/// What drctl puts into the environment of an attempt.
enum AttemptVariable {
    static let attempt = "DRCTL_ATTEMPT"
    static let run = "DRCTL_RUN"
    static let output = "DRCTL_OUTPUT"
    /// The drctl binary, for scripts.
    static let executable = "DRCTL"
}
