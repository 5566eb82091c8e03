/// What a plan is asked for.
package struct PlanningRequest: Sendable {
    package var mode: RunMode
    /// nil takes the only environment of the mode.
    package var environment: String?
    package var inputs: [String: String]
    /// The runbook's folder, absolute: where the defaults of directories count from.
    package var folder: String
    /// Why a drill has to do without isolation; nil: it is isolated.
    package var withoutIsolation: String?
    /// nil: all of the runbook, carried out, and taken down at its end.
    package var shape: DrillShape?

    package init(mode: RunMode, environment: String? = nil, inputs: [String: String] = [:], folder: String) {
        self.mode = mode
        self.environment = environment
        self.inputs = inputs
        self.folder = folder
    }
}

/// What planning has to know of the world, given by the caller: this room reads nothing by itself.
package struct PlanningWorld: Sendable {
    /// A file by its path relative to the runbook's folder; nil where there is no regular file.
    package var file: @Sendable (String) -> RunbookFile?
    /// The uid of an operating system's user; nil where there is none.
    package var uid: @Sendable (String) -> UInt32?

    package init(
        file: @escaping @Sendable (String) -> RunbookFile?, uid: @escaping @Sendable (String) -> UInt32? = { _ in nil }
    ) {
        self.file = file
        self.uid = uid
    }
}

/// A file that a runbook names.
package struct RunbookFile: Sendable {
    package var bytes: [UInt8]
    package var isExecutable: Bool

    package init(bytes: [UInt8], isExecutable: Bool) {
        self.bytes = bytes
        self.isExecutable = isExecutable
    }
}
