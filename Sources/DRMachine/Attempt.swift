package import DRCrypto
package import DRRunbook

/// One try of one part of a step. Written `restore#2`, `serve#1/ready`, `fence#1/probe`.
package struct AttemptID: Hashable, Sendable, Comparable {
    package var step: StepID
    /// Counted from 1 for each part of a step, and never used twice.
    package var number: Int
    package var part: Part

    /// Which part of a step an attempt is for.
    package enum Part: String, Hashable, Sendable, CaseIterable {
        /// What the step is for.
        case action
        /// The question whether a background service is ready.
        case ready
        /// The question whether the effect is there.
        case probe
    }

    package init(step: StepID, number: Int, part: Part = .action) {
        self.step = step
        self.number = number
        self.part = part
    }

    package static func < (one: AttemptID, other: AttemptID) -> Bool {
        (one.step, one.number, one.part.rawValue) < (other.step, other.number, other.part.rawValue)
    }
}

extension AttemptID: LosslessStringConvertible {
    package var description: String {
        part == .action ? "\(step)#\(number)" : "\(step)#\(number)/\(part.rawValue)"
    }

    /// Reads `STEP#NUMBER` or `STEP#NUMBER/PART`.
    /// - Returns: nil for any other text, and for the part `action`, which is never written.
    package init?(_ description: String) {
        guard let hash = description.lastIndex(of: "#") else { return nil }
        let tail = description[description.index(after: hash)...].split(
            separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(tail.count), let number = Int(tail[0]), number > 0 else { return nil }
        let named = tail.count == 2 ? Part(rawValue: String(tail[1])) : .action
        guard let part = named, tail.count == 1 || part != .action else { return nil }
        self.init(step: StepID(String(description[..<hash])), number: number, part: part)
    }
}

extension AttemptID: Codable, CodingKeyRepresentable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = AttemptID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "an attempt is STEP#NUMBER[/PART]")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package var codingKey: any CodingKey { AnyKey(description) }

    package init?(codingKey: some CodingKey) { self.init(codingKey.stringValue) }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ text: String) { stringValue = text }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// Everything a supervisor needs to carry out an attempt, with secrets as references only:
/// it is journaled in `attemptIntended` and spooled.
package struct AttemptSpec: Sendable, Equatable {
    package var attempt: AttemptID
    package var place: Place
    package var work: Work
    package var env: [String: ResolvedVariable]
    /// Absolute.
    package var workingDirectory: String
    /// How long the process may live, from its start; nil for a background service.
    package var timeout: TimeSpan?
    /// What its processes may hold together; nil: what the machine has.
    package var limits: ProcessLimits?
    package var outputs: [String: OutputType]
    package var isBackground: Bool
    /// The group whose turn it waits for, beside the attempts of other runs; nil: for nobody's.
    package var turn: GroupTurn?

    package init(
        attempt: AttemptID, place: Place, work: Work, env: [String: ResolvedVariable], workingDirectory: String,
        timeout: TimeSpan? = nil, outputs: [String: OutputType], isBackground: Bool
    ) {
        self.attempt = attempt
        self.place = place
        self.work = work
        self.env = env
        self.workingDirectory = workingDirectory
        self.timeout = timeout
        self.outputs = outputs
        self.isBackground = isBackground
    }
}

/// A place in a group that the runs of a host share.
package struct GroupTurn: Codable, Sendable, Equatable {
    package var group: String
    /// How many attempts of the group may be under way, by the plan of this run.
    package var limit: Int

    package init(group: String, limit: Int) {
        self.group = group
        self.limit = limit
    }
}

/// A variable of an attempt's environment, secrets by name only.
package enum ResolvedVariable: Sendable, Equatable {
    case text(String)
    case secret(String)
}

/// What the process of an attempt is.
package enum Work: Sendable, Equatable {
    case argv([String])
    /// The text of a `bash -euo pipefail` script, given to it on its standard input or as a file, never in argv.
    case script(String)
    /// `drctl action KIND`, with this request on its standard input.
    case action(ActionRequest)
}

/// What `drctl action KIND` is asked to do; every template is resolved.
package enum ActionRequest: Sendable, Equatable {
    case http(ResolvedRequest)
    /// Asks once; exits 0 (holds), 1 (does not hold), 2 (not established).
    case check(ResolvedCheck)
    /// Asks until the check held for `holds` without a break; ended by the attempt's timeout.
    case wait(ResolvedCheck, holds: TimeSpan, interval: TimeSpan)
    case backup(repository: ResolvedRepository, dataset: String, paths: [String], tag: String)
    case verify(repository: ResolvedRepository, dataset: String, snapshot: String, level: VerifyAction.Level)
    case restore(repository: ResolvedRepository, dataset: String, snapshot: String, to: String)
    case resync(from: String, to: String, service: String)
    /// Whether a snapshot with this tag exists: the probe of a backup.
    case findSnapshot(repository: ResolvedRepository, dataset: String, tag: String)
}

/// A repository as an action is told of it.
package struct ResolvedRepository: Codable, Sendable, Equatable {
    package var address: String
    /// Where the runner reads the identity when it starts the attempt; its contents go over the socket only.
    package var identityPath: String?
    package var pinnedID: String?

    package init(address: String, identityPath: String? = nil, pinnedID: String? = nil) {
        self.address = address
        self.identityPath = identityPath
        self.pinnedID = pinnedID
    }
}

/// An HTTP request, and what answer counts as success.
package struct ResolvedRequest: Codable, Sendable, Equatable {
    package var method: String
    package var url: String
    package var headers: [String: String]
    /// Header fields whose values are secrets, by the secrets' names; nil: none.
    package var secretHeaders: [String: String]?
    package var body: String?
    package var expect: HTTPExpectation
    /// How many redirects are followed; nil: none.
    package var redirects: Int?
    package var tls: TLSFiles<String>?
    /// The only places that may be asked; nil: all but those that no request should reach (`HTTPDestination`).
    package var allow: [String]?

    package init(
        method: String, url: String, headers: [String: String], secretHeaders: [String: String]? = nil,
        body: String? = nil, expect: HTTPExpectation,
        redirects: Int? = nil, tls: TLSFiles<String>? = nil, allow: [String]? = nil
    ) {
        self.secretHeaders = secretHeaders
        self.redirects = redirects
        self.tls = tls
        self.allow = allow
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.expect = expect
    }
}

/// A question about the world, everything resolved: holds, does not hold, not established.
package enum ResolvedCheck: Sendable, Equatable {
    case argv([String])
    case script(String)
    case http(ResolvedRequest)
    case tcp(String)
}

/// How an attempt's process began.
package struct AttemptStart: Sendable, Equatable {
    package var at: Moment
    package var pid: Int32
    /// Field 22 of /proc/PID/stat: with pid and boot id it names the process for ever.
    package var startTicks: UInt64
    package var executable: String
    package var executableDigest: Digest?

    package init(at: Moment, pid: Int32, startTicks: UInt64, executable: String, executableDigest: Digest? = nil) {
        self.at = at
        self.pid = pid
        self.startTicks = startTicks
        self.executable = executable
        self.executableDigest = executableDigest
    }
}

/// How an attempt's process ended, by the supervisor's clock.
package struct AttemptEnd: Sendable, Equatable {
    package var at: Moment
    package var result: Result
    /// nil: it wrote nothing.
    package var standardOutput: OutputRecord?
    package var standardError: OutputRecord?
    /// Declared outputs, read from `$DRCTL_OUTPUT`; undeclared names are left out.
    package var outputs: [String: Value]
    /// Processes of the attempt that outlived its main process.
    package var survivors: [String]

    package init(
        at: Moment, result: Result, standardOutput: OutputRecord? = nil, standardError: OutputRecord? = nil,
        outputs: [String: Value], survivors: [String]
    ) {
        self.at = at
        self.result = result
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.outputs = outputs
        self.survivors = survivors
    }

    /// In which of the possible ways it ended.
    package enum Result: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        /// The supervisor ended it at its deadline.
        case timedOut
        /// The supervisor ended it because its processes held more than they may; the text says what.
        case overLimit(String)
        /// The supervisor ended it because it was asked to.
        case stopped
        /// There was never a process; the text says what, why and what next.
        case couldNotStart(String)
        /// It exited 0, but `$DRCTL_OUTPUT` did not hold what was declared.
        case badOutput(String)
    }

    package var succeeded: Bool { result == .exited(0) }
}

/// What became of one output stream, which lies masked in a file; where nothing could be kept, there is no file.
package struct OutputRecord: Sendable, Equatable {
    /// Relative to the run's directory.
    package var path: String
    package var sha256: Digest
    package var sizeBytes: Int64
    package var truncated: Bool
    /// The last lines (at most 2 KiB), for people.
    package var tail: String

    package init(path: String, sha256: Digest, sizeBytes: Int64, truncated: Bool, tail: String) {
        self.path = path
        self.sha256 = sha256
        self.sizeBytes = sizeBytes
        self.truncated = truncated
        self.tail = tail
    }
}
