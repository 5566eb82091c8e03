internal import DRMachine
internal import DRRunbook
internal import DRSystem
internal import Glibc
internal import SystemPackage

/// What a repository action of a drill can reach, although it acts outside the drill's namespaces: the system to read,
/// the run's `work` folder, the repository, and what the drill may read. No network.
///
/// Steps write in `work`. A symbolic link that one of them leaves there, in place of a target, a source or a part of
/// the repository, leads to nothing here, whenever it is put there; the action runs with other privileges than the
/// steps, and would follow it to wherever this user may write.
struct ActionConfinement: Sendable, Equatable {
    /// The run's directory, absolute.
    var runDirectory: FilePath
    /// The drctl binary, absolute.
    var executable: FilePath
    /// What the drill's inside may read, at the same place.
    var readOnlyBinds: [FilePath]

    /// bubblewrap's arguments, up to the command to run.
    func arguments(for request: ActionRequest) -> [String] {
        var arguments = [
            "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent",
            "--cap-drop",
            "ALL",
        ]
        // A drill of root's: what root needs to read and write files of any owner, and no more.
        if geteuid() == 0 {
            for capability in ["DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "CHOWN", "FSETID"] {
                arguments += ["--cap-add", "CAP_" + capability]
            }
        }
        arguments += SandboxRoot.arguments()
        for path in SandboxRoot.loadedLibraryFolders() + readOnlyBinds + [executable] where !path.starts(with: "/usr") {
            arguments += ["--ro-bind-try", path.string, path.string]
        }
        let work = runDirectory.appending("work")
        if let address = request.repository.map({ FilePath($0.address) }), address.isAbsolute,
            !address.starts(with: work)
        {
            arguments += [request.changesRepository ? "--bind-try" : "--ro-bind-try", address.string, address.string]
        }
        let results = runDirectory.appending("outside").appending(SupervisorConfiguration.resultFolder)
        arguments += ["--bind", results.string, results.string, "--bind", work.string, work.string]
        return arguments + ["--remount-ro", "/", "--chdir", work.string]
    }
}

extension ActionRequest {
    /// Whether it touches files that are named by paths: everything but requests and checks.
    var actsOnFiles: Bool {
        switch self {
        case .http, .check, .wait: false
        case .backup, .verify, .restore, .resync, .findSnapshot: true
        }
    }

    fileprivate var changesRepository: Bool {
        if case .backup = self { true } else { false }
    }
}
