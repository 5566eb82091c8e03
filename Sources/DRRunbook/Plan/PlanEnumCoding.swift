// How the plan's choices look in JSON: an object with one key, which names the case. Written by hand so that
// `plan.json` reads like the runbook (`{"run":{"argv":["true"]}}`) and does not hang on how Swift names things.

/// The one key of such an object.
private struct CaseName: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension Encoder {
    fileprivate func encode(_ name: String, _ value: some Encodable) throws {
        var container = container(keyedBy: CaseName.self)
        try container.encode(value, forKey: CaseName(name))
    }
}

/// An object with one key, being read.
private struct OneCase {
    let container: KeyedDecodingContainer<CaseName>
    let name: CaseName

    init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: CaseName.self)
        guard let only = container.allKeys.first, container.allKeys.count == 1 else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "an object with exactly one key should be here")
            )
        }
        name = only
    }

    func value<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try container.decode(type, forKey: name)
    }

    func unknown(_ type: String) -> DecodingError {
        .dataCorruptedError(forKey: name, in: container, debugDescription: "\(name.stringValue) is no \(type)")
    }
}

extension StepAction: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneCase(decoder)
        if read.name.stringValue == "delay" {
            self = .delay(try read.value())
            return
        }
        switch StepKind(rawValue: read.name.stringValue) {
        case .run: self = .run(try read.value())
        case .http: self = .http(try read.value())
        case .wait: self = .wait(try read.value())
        case .manual: self = .manual(try read.value())
        case .approve: self = .approve(try read.value())
        case .backup: self = .backup(try read.value())
        case .verify: self = .verify(try read.value())
        case .restore: self = .restore(try read.value())
        case .resync: self = .resync(try read.value())
        case .notify: self = .notify(try read.value())
        case .stop: self = .stop(try read.value())
        case .runbook: self = .runbook(try read.value())
        case nil: throw read.unknown("step kind")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .run(let command): try encoder.encode(kind.rawValue, command)
        case .http(let request): try encoder.encode(kind.rawValue, request)
        case .wait(let wait): try encoder.encode(kind.rawValue, wait)
        case .manual(let card): try encoder.encode(kind.rawValue, card)
        case .approve(let card): try encoder.encode(kind.rawValue, card)
        case .backup(let backup): try encoder.encode(kind.rawValue, backup)
        case .verify(let verify): try encoder.encode(kind.rawValue, verify)
        case .restore(let restore): try encoder.encode(kind.rawValue, restore)
        case .resync(let resync): try encoder.encode(kind.rawValue, resync)
        case .runbook(let part): try encoder.encode(kind.rawValue, part)
        case .delay(let span): try encoder.encode("delay", span)
        case .notify(let notify): try encoder.encode(kind.rawValue, notify)
        case .stop(let step): try encoder.encode(kind.rawValue, step)
        }
    }
}

extension Command: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneCase(decoder)
        switch read.name.stringValue {
        case "argv": self = .argv(try read.value())
        case "script": self = .script(try read.value())
        default: throw read.unknown("command")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .argv(let words): try encoder.encode("argv", words)
        case .script(let text): try encoder.encode("script", text)
        }
    }
}

extension Check: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneCase(decoder)
        switch read.name.stringValue {
        case "run": self = .run(try read.value())
        case "http": self = .http(try read.value())
        case "tcp": self = .tcp(try read.value())
        default: throw read.unknown("check")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .run(let command): try encoder.encode("run", command)
        case .http(let request): try encoder.encode("http", request)
        case .tcp(let address): try encoder.encode("tcp", address)
        }
    }
}

extension FailurePolicy: Codable {
    private struct Hold: Codable { var unattended: TimeSpan }
    private struct Nothing: Codable {}

    package init(from decoder: any Decoder) throws {
        let read = try OneCase(decoder)
        switch read.name.stringValue {
        case "hold": self = .hold(unattended: try read.value(Hold.self).unattended)
        case "abort": self = .abort
        case "continue": self = .continue
        case "manual": self = .manual(try read.value())
        default: throw read.unknown("failure policy")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .hold(let unattended): try encoder.encode("hold", Hold(unattended: unattended))
        case .abort: try encoder.encode("abort", Nothing())
        case .continue: try encoder.encode("continue", Nothing())
        case .manual(let card): try encoder.encode("manual", card)
        }
    }
}

extension EnvironmentValue: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneCase(decoder)
        switch read.name.stringValue {
        case "text": self = .text(try read.value())
        case "secret": self = .secret(try read.value())
        default: throw read.unknown("variable")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .text(let text): try encoder.encode("text", text)
        case .secret(let name): try encoder.encode("secret", name)
        }
    }
}

extension SecretReference: Codable {
    package init(from decoder: any Decoder) throws {
        let read = try OneCase(decoder)
        switch read.name.stringValue {
        case "file": self = .file(try read.value())
        case "environment": self = .environment(try read.value())
        case "command": self = .command(try read.value())
        default: throw read.unknown("secret reference")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .file(let path): try encoder.encode("file", path)
        case .environment(let name): try encoder.encode("environment", name)
        case .command(let words): try encoder.encode("command", words)
        }
    }
}
