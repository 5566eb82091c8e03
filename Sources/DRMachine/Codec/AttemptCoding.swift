internal import DRJSON
import DRRunbook

// How the enums of an attempt are written: an object with one key, the case's name. No positional names (`_0`):
// these bytes are read by others, and for years.

extension ResolvedVariable: Codable {
    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "text": self = .text(try one.payload())
        case "secret": self = .secret(try one.payload())
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .text(let text): try encoder.writeOneKey("text", text)
        case .secret(let name): try encoder.writeOneKey("secret", name)
        }
    }
}

extension Work: Codable {
    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "argv": self = .argv(try one.payload())
        case "script": self = .script(try one.payload())
        case "action": self = .action(try one.payload())
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .argv(let words): try encoder.writeOneKey("argv", words)
        case .script(let text): try encoder.writeOneKey("script", text)
        case .action(let request): try encoder.writeOneKey("action", request)
        }
    }
}

extension ResolvedCheck: Codable {
    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "argv": self = .argv(try one.payload())
        case "script": self = .script(try one.payload())
        case "http": self = .http(try one.payload())
        case "tcp": self = .tcp(try one.payload())
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .argv(let words): try encoder.writeOneKey("argv", words)
        case .script(let text): try encoder.writeOneKey("script", text)
        case .http(let request): try encoder.writeOneKey("http", request)
        case .tcp(let address): try encoder.writeOneKey("tcp", address)
        }
    }
}

extension ActionRequest: Codable {
    private struct Wait: Codable {
        var check: ResolvedCheck
        var holds: TimeSpan
        var interval: TimeSpan
    }

    private struct Backup: Codable {
        var repository: ResolvedRepository
        var dataset: String
        var paths: [String]
        var tag: String
    }

    private struct Verify: Codable {
        var repository: ResolvedRepository
        var dataset: String
        var snapshot: String
        var level: VerifyAction.Level
    }

    private struct Restore: Codable {
        var repository: ResolvedRepository
        var dataset: String
        var snapshot: String
        var to: String
    }

    private struct Resync: Codable {
        var from: String
        var to: String
        var service: String
    }

    private struct FindSnapshot: Codable {
        var repository: ResolvedRepository
        var dataset: String
        var tag: String
    }

    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "http": self = .http(try one.payload())
        case "check": self = .check(try one.payload())
        case "wait":
            let wait: Wait = try one.payload()
            self = .wait(wait.check, holds: wait.holds, interval: wait.interval)
        case "backup":
            let backup: Backup = try one.payload()
            self = .backup(
                repository: backup.repository, dataset: backup.dataset, paths: backup.paths, tag: backup.tag)
        case "verify":
            let verify: Verify = try one.payload()
            self = .verify(
                repository: verify.repository, dataset: verify.dataset, snapshot: verify.snapshot, level: verify.level)
        case "restore":
            let restore: Restore = try one.payload()
            self = .restore(
                repository: restore.repository, dataset: restore.dataset, snapshot: restore.snapshot, to: restore.to)
        case "resync":
            let resync: Resync = try one.payload()
            self = .resync(from: resync.from, to: resync.to, service: resync.service)
        case "findSnapshot":
            let find: FindSnapshot = try one.payload()
            self = .findSnapshot(repository: find.repository, dataset: find.dataset, tag: find.tag)
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .http(let request): try encoder.writeOneKey("http", request)
        case .check(let check): try encoder.writeOneKey("check", check)
        case .wait(let check, let holds, let interval):
            try encoder.writeOneKey("wait", Wait(check: check, holds: holds, interval: interval))
        case .backup(let repository, let dataset, let paths, let tag):
            try encoder.writeOneKey(
                "backup", Backup(repository: repository, dataset: dataset, paths: paths, tag: tag))
        case .verify(let repository, let dataset, let snapshot, let level):
            try encoder.writeOneKey(
                "verify", Verify(repository: repository, dataset: dataset, snapshot: snapshot, level: level))
        case .restore(let repository, let dataset, let snapshot, let to):
            try encoder.writeOneKey(
                "restore", Restore(repository: repository, dataset: dataset, snapshot: snapshot, to: to))
        case .resync(let from, let to, let service):
            try encoder.writeOneKey("resync", Resync(from: from, to: to, service: service))
        case .findSnapshot(let repository, let dataset, let tag):
            try encoder.writeOneKey(
                "findSnapshot", FindSnapshot(repository: repository, dataset: dataset, tag: tag))
        }
    }
}

extension AttemptEnd.Result: Codable {
    package init(from decoder: any Decoder) throws {
        let one = try OneKeyReader(decoder)
        switch one.name {
        case "exited": self = .exited(try one.payload())
        case "signalled": self = .signalled(try one.payload())
        case "timedOut": self = .timedOut
        case "overLimit": self = .overLimit(try one.payload())
        case "stopped": self = .stopped
        case "couldNotStart": self = .couldNotStart(try one.payload())
        case "badOutput": self = .badOutput(try one.payload())
        default: throw one.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .exited(let code): try encoder.writeOneKey("exited", code)
        case .signalled(let signal): try encoder.writeOneKey("signalled", signal)
        case .timedOut: try encoder.writeOneKey("timedOut", NoPayload())
        case .overLimit(let what): try encoder.writeOneKey("overLimit", what)
        case .stopped: try encoder.writeOneKey("stopped", NoPayload())
        case .couldNotStart(let why): try encoder.writeOneKey("couldNotStart", why)
        case .badOutput(let why): try encoder.writeOneKey("badOutput", why)
        }
    }
}
