package import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import Subprocess
package import SystemPackage

/// The namespaces of a drill, built by bubblewrap: own user, network (loopback, and networks of the drill's own), PID,
/// mount, IPC, UTS and cgroup namespaces, no capabilities, and a root put together from `/usr`, `/etc` and named binds, never from `/`.
///
/// Of the run's directory the inside sees `files` read-only, `inside` and `work` writable, and nothing else: no
/// journal, no requests, no outside socket. `/tmp`, `/run` and `/var` are its own, because a pathname socket
/// would be reached through a shared folder whatever the network namespace.
package struct Isolation: Sendable, Equatable {
    /// The run's directory, absolute.
    package var runDirectory: FilePath
    /// The drctl binary, absolute.
    package var executable: FilePath
    /// Further paths that steps may read, at the same place as outside (`isolation.readOnlyBinds`).
    package var readOnlyBinds: [FilePath]
    /// Where shared libraries of this program lie that are not under /usr: a debug build's Swift runtime.
    package var libraryFolders: [FilePath]
    /// Files that hold secrets of the plan: a step is given a secret, not the file.
    package var hiddenFiles: [FilePath]
    /// The drill's own networks, beside its loopback interface.
    package var networks: [PlannedNetwork]

    /// The isolation of a run: its inside sees parts of `runDirectory`, `executable` as drctl, and `readOnlyBinds` at
    /// their own paths.
    package init(
        runDirectory: FilePath, executable: FilePath, readOnlyBinds: [FilePath] = [], hiddenFiles: [FilePath] = [],
        networks: [PlannedNetwork] = []
    ) {
        self.runDirectory = runDirectory
        self.executable = executable
        self.readOnlyBinds = readOnlyBinds
        self.hiddenFiles = hiddenFiles
        self.networks = networks
        libraryFolders = SandboxRoot.loadedLibraryFolders()
    }

    /// bubblewrap's arguments, up to the command to run.
    /// - Throws: `cannotIsolate` for a path to bind that is not there, or that holds the run's own directory.
    package func arguments() throws(EngineError) -> [String] {
        var arguments = [
            "--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
            "--unshare-cgroup-try", "--as-pid-1", "--cap-drop", "ALL", "--hostname", "drill",
        ]
        arguments += SandboxRoot.arguments(hiding: hiddenFiles)
        for path in libraryFolders + readOnlyBinds + [executable] where !path.starts(with: "/usr") {
            guard (try? FileStatus.following(path)) != nil else {
                throw EngineError(
                    .cannotIsolate, "\(path), which is to be readable inside the drill, is not there",
                    hint: "check the inputs of type directory, and `isolation.readOnly` of the environment")
            }
            guard !runDirectory.starts(with: path) else {
                throw EngineError(
                    .cannotIsolate,
                    "\(path), which is to be readable inside the drill, holds the run's directory \(runDirectory): "
                        + "the inside would see the journal and reach the outside",
                    hint: "keep runs elsewhere (--state DIR), or let the drill read a smaller folder")
            }
            arguments += ["--ro-bind", path.string, path.string]
        }
        for path in hiddenFiles where readOnlyBinds.contains(where: { path.starts(with: $0) }) {
            arguments += SandboxRoot.masked(path)
        }
        // Locked, and never written, by attempts that share a group with other runs.
        let groups = GroupTurns.folder(of: runDirectory).string
        arguments += ["--ro-bind-try", groups, groups]
        // Last, so that nothing lies over them where the run's directory is under /tmp.
        arguments += ["--ro-bind"] + twice("files") + ["--bind"] + twice("inside") + ["--bind"] + twice("work")
        return arguments + ["--remount-ro", "/", "--chdir", runDirectory.appending("work").string]
    }

    private func twice(_ name: String) -> [String] {
        let path = runDirectory.appending(name).string
        return [path, path]
    }

    /// Tries the namespaces with a program that does nothing, and whether there is what their networks need.
    /// - Throws: `cannotIsolate`: what this machine lacks, as bubblewrap and the kernel's settings tell it.
    package static func checkAvailable(for networks: [PlannedNetwork] = []) async throws(EngineError) {
        try await DrillNetworks.checkAvailable(networks)
        let attempt =
            [
                "--unshare-user", "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
                "--unshare-cgroup-try", "--as-pid-1", "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr",
            ] + ["bin", "lib", "lib64"].flatMap { SandboxRoot.linked("/" + $0) } + [
                "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "/usr/bin/true",
            ]
        do {
            let result = try await Subprocess.run(
                .name(SandboxRoot.bubblewrap), arguments: Arguments(attempt),
                environment: .custom(["PATH": AttemptProgram.systemPath]), output: .discarded,
                error: .string(limit: 16 << 10))
            if case .exited(0) = result.terminationStatus { return }
            throw refusal(result.standardError)
        } catch let error as EngineError {
            throw error
        } catch {
            throw EngineError(
                .cannotIsolate, "a drill needs bubblewrap, and `bwrap` cannot be run: \(error)",
                hint: "install the package bubblewrap", cause: error)
        }
    }

    /// The error for a bubblewrap that said this.
    static func refusal(_ said: String) -> EngineError {
        var reasons: [String] = []
        for (file, value, meaning) in [
            ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone is 0"),
            ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces is 0"),
            (
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
                "AppArmor restricts user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns is 1)"
            ),
        ] {
            let found = (try? DurableFile.read(at: FilePath(file), limit: 64)) ?? []
            if String(decoding: found, as: UTF8.self).split(separator: "\n").first == value[...] {
                reasons.append(meaning)
            }
        }
        let text = said.split(separator: "\n").suffix(3).joined(separator: "; ")
        return EngineError(
            .cannotIsolate,
            "this machine cannot build a drill's namespaces: \(displayEscaped(text.isEmpty ? "bubblewrap failed" : text))",
            hint: reasons.isEmpty
                ? "allow user, network and mount namespaces here, or run the drill on a machine that does"
                : reasons.joined(separator: "; ") + ": change that, or run the drill on another machine")
    }
}
