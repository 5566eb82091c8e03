internal import DRMachine
internal import DRSystem
internal import SystemPackage

/// What the processes of an attempt are known by, wherever they went: their environment.
struct AttemptMark: Sendable {
    /// `$DRCTL_ATTEMPT`. A run of the same name may be in another state directory.
    let attempt: String
    /// Where `$DRCTL_OUTPUT` lies: no other run's does.
    let results: FilePath

    /// - Parameter bytes: of /proc/PID/environ.
    func isIn(environment bytes: [UInt8]) -> Bool {
        var isNamed = false
        var output: FilePath?
        for variable in bytes.split(separator: 0) {
            guard let equals = variable.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = variable[(equals + 1)...]
            if variable[..<equals].elementsEqual(AttemptVariable.attempt.utf8) {
                isNamed = value.elementsEqual(attempt.utf8)
            } else if variable[..<equals].elementsEqual(AttemptVariable.output.utf8) {
                output = FilePath(String(decoding: value, as: UTF8.self))
            }
        }
        guard isNamed, let folder = output?.removingLastComponent(), folder != results,
            let its = try? FileStatus.following(folder), let own = try? FileStatus.following(results)
        else { return isNamed }
        // The same folder may have been reached by another path.
        return its.device == own.device && its.inode == own.inode
    }
}
