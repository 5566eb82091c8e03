/// What a step does, by its kind.
package enum StepAction: Sendable, Equatable {
    case run(Command)
    case http(HTTPRequest)
    case wait(WaitAction)
    /// Waits so long, without a process.
    case delay(TimeSpan)
    /// Writes a text into the journal, and tells a channel.
    case notify(NotifyAction)
    /// Stops the service of a background step; done when it has ended.
    case stop(StepID)
    case manual(ManualCard)
    case approve(ApprovalCard)
    case backup(BackupAction)
    case verify(VerifyAction)
    case restore(RestoreAction)
    case resync(ResyncAction)
    /// The end of a sub-runbook, whose steps are this one's needs.
    case runbook(SubRunbook)

    /// Whether it starts and ends in the journal alone, without any process.
    package var isEffectFree: Bool {
        switch self {
        case .delay, .stop, .runbook: true
        case .notify(let notify): notify.channel == nil
        case .run, .http, .wait, .manual, .approve, .backup, .verify, .restore, .resync: false
        }
    }

    package var kind: StepKind {
        switch self {
        case .run: .run
        case .http: .http
        case .wait, .delay: .wait
        case .notify: .notify
        case .stop: .stop
        case .manual: .manual
        case .approve: .approve
        case .backup: .backup
        case .verify: .verify
        case .restore: .restore
        case .resync: .resync
        case .runbook: .runbook
        }
    }
}

/// The kinds of step, by the key that a runbook writes.
package enum StepKind: String, Codable, Sendable, CaseIterable {
    case run, http, wait, manual, approve, backup, verify, restore, resync, notify, stop, runbook
}

/// A process to start. Values reach it through `argv` and the environment only.
package enum Command: Sendable, Equatable {
    /// The executable and its arguments. A word that is the path of a planned file (`scripts/fence`) stands for
    /// the absolute path of its copy in the run's `files/`; a first word `drctl` is drctl's own executable.
    case argv([Template])
    /// The text of a `bash -euo pipefail` script, free of expressions.
    case script(String)
}

/// A request, and what a good answer to it is.
package struct HTTPRequest: Codable, Sendable, Equatable {
    package var method: String
    package var url: Template
    package var headers: [String: Template]
    /// Header fields whose values are secrets, by the secrets' names; nil: none.
    package var secretHeaders: [String: String]?
    package var body: Template?
    package var expect: HTTPExpectation
    /// How many redirects are followed; nil: none.
    package var redirects: Int?
    package var tls: TLSFiles<Template>?

    package init(
        method: String = "GET", url: Template, headers: [String: Template] = [:],
        secretHeaders: [String: String]? = nil, body: Template? = nil,
        expect: HTTPExpectation = HTTPExpectation(status: [200]), redirects: Int? = nil,
        tls: TLSFiles<Template>? = nil
    ) {
        self.secretHeaders = secretHeaders
        self.redirects = redirects
        self.tls = tls
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.expect = expect
    }
}

/// Files in PEM, by their paths, that a connection with TLS is made with. Without any, the machine's own
/// authorities say who a server is.
package struct TLSFiles<Path: Codable & Sendable & Equatable>: Codable, Sendable, Equatable {
    /// The authorities whose servers are taken, and no others.
    package var authorities: Path?
    /// Who asks: a certificate, and its key, which is read where the request is made and copied nowhere.
    package var certificate: Path?
    package var key: Path?

    package init(authorities: Path? = nil, certificate: Path? = nil, key: Path? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}

/// What makes an answer a good one.
package struct HTTPExpectation: Codable, Sendable, Equatable {
    /// Accepted status codes.
    package var status: [Int]
    /// A text that the body has to contain.
    package var bodyContains: String?
    /// What the body, as JSON, has to hold: by a path of names and numbers with dots between them, a text, or what
    /// `true`, `null` or a number is written as. nil: anything.
    package var json: [String: String]?

    package init(status: [Int], bodyContains: String? = nil, json: [String: String]? = nil) {
        self.json = json
        self.status = status
        self.bodyContains = bodyContains
    }
}

/// Something that holds, does not hold, or could not be established.
package enum Check: Sendable, Equatable {
    /// Exit 0: holds, 1: does not hold, anything else or a timeout: not established.
    case run(Command)
    case http(HTTPRequest)
    /// A TCP connection to `host:port` is accepted.
    case tcp(Template)
}

/// Asks a check until it has held long enough; the step's timeout bounds it.
package struct WaitAction: Codable, Sendable, Equatable {
    package var check: Check
    /// How long the check has to hold without a break.
    package var holds: TimeSpan
    package var interval: TimeSpan

    package init(check: Check, holds: TimeSpan, interval: TimeSpan = .milliseconds(250)) {
        self.check = check
        self.holds = holds
        self.interval = interval
    }
}

/// A message.
package struct NotifyAction: Codable, Sendable, Equatable {
    package var text: Template
    /// Who is told, beside the journal's readers; nil: nobody.
    package var channel: PlannedChannel?

    package init(text: Template, channel: PlannedChannel? = nil) {
        self.text = text
        self.channel = channel
    }
}

/// How a channel is told.
package struct PlannedChannel: Codable, Sendable, Equatable {
    package var name: String
    /// A program with its arguments; the text is in `$DRCTL_MESSAGE`.
    package var run: [String]?
    /// Where a JSON object `{"run", "step", "text"}` is posted.
    package var post: String?

    package init(name: String, run: [String]? = nil, post: String? = nil) {
        self.name = name
        self.run = run
        self.post = post
    }
}

/// Stores paths as a snapshot of a dataset.
package struct BackupAction: Codable, Sendable, Equatable {
    package var repository: String
    package var dataset: Template
    package var paths: [Template]

    package init(repository: String, dataset: Template, paths: [Template]) {
        self.repository = repository
        self.dataset = dataset
        self.paths = paths
    }
}

/// Reads a snapshot back, as far as its level says.
package struct VerifyAction: Codable, Sendable, Equatable {
    package var repository: String
    package var dataset: Template
    /// A snapshot's id, or `latest`.
    package var snapshot: Template
    package var level: Level

    /// How deep the verification looks.
    package enum Level: String, Codable, Sendable, CaseIterable { case stored, content }

    package init(repository: String, dataset: Template, snapshot: Template, level: Level) {
        self.repository = repository
        self.dataset = dataset
        self.snapshot = snapshot
        self.level = level
    }
}

/// Restores a snapshot into a folder.
package struct RestoreAction: Codable, Sendable, Equatable {
    package var repository: String
    package var dataset: Template
    package var snapshot: Template
    package var to: Template

    package init(repository: String, dataset: Template, snapshot: Template, to: Template) {
        self.repository = repository
        self.dataset = dataset
        self.snapshot = snapshot
        self.to = to
    }
}

/// Brings a tree into the state of another one and compares both by digest.
package struct ResyncAction: Codable, Sendable, Equatable {
    package var from: Template
    package var to: Template
    package var service: String

    package init(from: Template, to: Template, service: String) {
        self.from = from
        self.to = to
        self.service = service
    }
}

extension StepAction {
    /// The request that it makes, once or until the answer is a good one.
    var request: HTTPRequest? {
        switch self {
        case .http(let request): request
        case .wait(let wait): wait.check.request
        default: nil
        }
    }
}

extension Check {
    var request: HTTPRequest? { if case .http(let request) = self { request } else { nil } }
}
