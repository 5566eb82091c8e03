internal import Glibc
internal import Synchronization
internal import SystemPackage

/// Named places where tests make drctl fail or die: before and after each system call that a promise hangs on.
///
/// Armed by the environment, `DRCTL_FAULT=NAME:N:EFFECT[,…]`, or by `arm(_:)`: the N-th time that NAME is reached,
/// the process is killed (`kill`), or the call fails with `ENOSPC` or `EIO` in place of what would have been done.
/// Costs one load where nothing is armed.
package enum FaultPoint {
    private struct Fault {
        var name: String
        var remaining: Int
        var effect: Effect
    }

    private enum Effect {
        case kill
        case fail(Errno)
    }

    private static let faults = Mutex<[Fault]>(fromEnvironment())
    private static let isArmed = Atomic<Bool>(!fromEnvironment().isEmpty)

    /// Says that the place was reached.
    /// - Throws: the armed failure, if it is this place's turn.
    package static func reach(_ name: StaticString) throws(SystemError) {
        if isArmed.load(ordering: .relaxed) { try strike(name.description) }
    }

    /// Arms faults for the rest of this process, in place of those of the environment; an empty text disarms.
    /// - Returns: false when the text is not understood; nothing is armed then.
    @discardableResult
    package static func arm(_ description: String) -> Bool {
        guard let parsed = parse(description) else { return false }
        faults.withLock { $0 = parsed }
        isArmed.store(!parsed.isEmpty, ordering: .relaxed)
        return true
    }

    private static func strike(_ name: String) throws(SystemError) {
        let effect = faults.withLock { faults -> Effect? in
            for index in faults.indices where faults[index].name == name {
                faults[index].remaining -= 1
                if faults[index].remaining == 0 { return faults[index].effect }
            }
            return nil
        }
        switch effect {
        case nil: return
        case .fail(let errno): throw SystemError(call: "pass the armed fault point", path: name, errno: errno)
        case .kill:
            // Not abort: nothing may run after this, as in a power cut.
            _ = Glibc.kill(getpid(), SIGKILL)
            while true { pause() }
        }
    }

    private static func fromEnvironment() -> [Fault] {
        guard let text = unsafe getenv("DRCTL_FAULT") else { return [] }
        return unsafe parse(String(cString: text)) ?? []
    }

    private static func parse(_ description: String) -> [Fault]? {
        var faults: [Fault] = []
        for part in description.split(separator: ",") {
            let fields = part.split(separator: ":")
            guard fields.count == 3, let count = Int(fields[1]), count > 0 else { return nil }
            let effect: Effect
            switch fields[2] {
            case "kill": effect = .kill
            case "ENOSPC": effect = .fail(.noSpace)
            case "EIO": effect = .fail(.ioError)
            default: return nil
            }
            faults.append(Fault(name: String(fields[0]), remaining: count, effect: effect))
        }
        return faults
    }
}
