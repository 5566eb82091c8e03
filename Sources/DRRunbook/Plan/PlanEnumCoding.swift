// How the plan's choices look in JSON: an object with one key, which names the case. Written by hand so that
// `plan.json` reads like the runbook (`{"run":{"argv":["true"]}}`) and does not hang on how Swift names things.

import DRJSON

extension StepAction: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneKeyReader(decoder)
        if read.name == "delay" {
            self = .delay(try read.payload())
            return
        }
        switch StepKind(rawValue: read.name) {
        case .run: self = .run(try read.payload())
        case .http: self = .http(try read.payload())
        case .wait: self = .wait(try read.payload())
        case .manual: self = .manual(try read.payload())
        case .approve: self = .approve(try read.payload())
        case .backup: self = .backup(try read.payload())
        case .verify: self = .verify(try read.payload())
        case .restore: self = .restore(try read.payload())
        case .resync: self = .resync(try read.payload())
        case .notify: self = .notify(try read.payload())
        case .stop: self = .stop(try read.payload())
        case .runbook: self = .runbook(try read.payload())
        case nil: throw read.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .run(let command): try encoder.writeOneKey(kind.rawValue, command)
        case .http(let request): try encoder.writeOneKey(kind.rawValue, request)
        case .wait(let wait): try encoder.writeOneKey(kind.rawValue, wait)
        case .manual(let card): try encoder.writeOneKey(kind.rawValue, card)
        case .approve(let card): try encoder.writeOneKey(kind.rawValue, card)
        case .backup(let backup): try encoder.writeOneKey(kind.rawValue, backup)
        case .verify(let verify): try encoder.writeOneKey(kind.rawValue, verify)
        case .restore(let restore): try encoder.writeOneKey(kind.rawValue, restore)
        case .resync(let resync): try encoder.writeOneKey(kind.rawValue, resync)
        case .runbook(let part): try encoder.writeOneKey(kind.rawValue, part)
        case .delay(let span): try encoder.writeOneKey("delay", span)
        case .notify(let notify): try encoder.writeOneKey(kind.rawValue, notify)
        case .stop(let step): try encoder.writeOneKey(kind.rawValue, step)
        }
    }
}

extension Command: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneKeyReader(decoder)
        switch read.name {
        case "argv": self = .argv(try read.payload())
        case "script": self = .script(try read.payload())
        default: throw read.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .argv(let words): try encoder.writeOneKey("argv", words)
        case .script(let text): try encoder.writeOneKey("script", text)
        }
    }
}

extension Check: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneKeyReader(decoder)
        switch read.name {
        case "run": self = .run(try read.payload())
        case "http": self = .http(try read.payload())
        case "tcp": self = .tcp(try read.payload())
        default: throw read.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .run(let command): try encoder.writeOneKey("run", command)
        case .http(let request): try encoder.writeOneKey("http", request)
        case .tcp(let address): try encoder.writeOneKey("tcp", address)
        }
    }
}

extension FailurePolicy: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneKeyReader(decoder)
        switch read.name {
        case "hold": self = .hold(unattended: try read.members().value("unattended"))
        case "abort": self = .abort
        case "continue": self = .continue
        case "manual": self = .manual(try read.payload())
        default: throw read.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .hold(let unattended):
            try encoder.writeOneKey("hold") { try $0.write("unattended", integer: unattended.nanoseconds) }
        case .abort: try encoder.writeOneKey("abort", NoPayload())
        case .continue: try encoder.writeOneKey("continue", NoPayload())
        case .manual(let card): try encoder.writeOneKey("manual", card)
        }
    }
}

extension EnvironmentValue: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneKeyReader(decoder)
        switch read.name {
        case "text": self = .text(try read.payload())
        case "secret": self = .secret(try read.payload())
        default: throw read.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .text(let text): try encoder.writeOneKey("text", text)
        case .secret(let name): try encoder.writeOneKey("secret", name)
        }
    }
}

extension SecretReference: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneKeyReader(decoder)
        switch read.name {
        case "file": self = .file(try read.payload())
        case "environment": self = .environment(try read.payload())
        case "command": self = .command(try read.payload())
        default: throw read.unknown
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .file(let path): try encoder.writeOneKey("file", path)
        case .environment(let name): try encoder.writeOneKey("environment", name)
        case .command(let words): try encoder.writeOneKey("command", words)
        }
    }
}
