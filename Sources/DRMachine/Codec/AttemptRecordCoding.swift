internal import DRCrypto
internal import DRJSON
import DRRunbook

// What is said of every attempt, in the journal, the spool and on the supervisor's line, written by name: it is most of
// what a long run writes and reads (see `ObjectCoding.swift`). Members stand in their order.

extension AttemptSpec: Codable {
    package init(from decoder: any Decoder) throws {
        let spec = try ObjectReader(decoder)
        self.init(
            attempt: try spec.value("attempt"), place: try spec.choice("place"), work: try spec.value("work"),
            env: try spec.table("env"), workingDirectory: try spec.text("workingDirectory"),
            timeout: try spec.valueIfPresent("timeout"), outputs: try spec.table("outputs"),
            isBackground: try spec.boolean("isBackground"))
        limits = try spec.valueIfPresent("limits")
        turn = try spec.valueIfPresent("turn")
    }

    package func encode(to encoder: any Encoder) throws {
        var spec = ObjectWriter(encoder)
        try spec.write("attempt", text: attempt.description)
        try spec.write("env", table: env)
        try spec.write("isBackground", boolean: isBackground)
        try spec.writeIfPresent("limits", limits)
        try spec.write("outputs", table: outputs)
        try spec.write("place", text: place.rawValue)
        try spec.writeIfPresent("timeout", timeout)
        try spec.writeIfPresent("turn", turn)
        try spec.write("work", work)
        try spec.write("workingDirectory", text: workingDirectory)
    }
}

extension AttemptStart: Codable {
    package init(from decoder: any Decoder) throws {
        let start = try ObjectReader(decoder)
        self.init(
            at: try start.value("at"), pid: try start.integer("pid"), startTicks: try start.integer("startTicks"),
            executable: try start.text("executable"), executableDigest: try start.valueIfPresent("executableDigest"))
    }

    package func encode(to encoder: any Encoder) throws {
        var start = ObjectWriter(encoder)
        try start.write("at", at)
        try start.write("executable", text: executable)
        try start.writeIfPresent("executableDigest", executableDigest)
        try start.write("pid", integer: pid)
        try start.write("startTicks", integer: startTicks)
    }
}

extension AttemptEnd: Codable {
    package init(from decoder: any Decoder) throws {
        let end = try ObjectReader(decoder)
        self.init(
            at: try end.value("at"), result: try end.value("result"),
            standardOutput: try end.valueIfPresent("standardOutput"),
            standardError: try end.valueIfPresent("standardError"), outputs: try end.table("outputs"),
            survivors: try end.array("survivors"))
    }

    package func encode(to encoder: any Encoder) throws {
        var end = ObjectWriter(encoder)
        try end.write("at", at)
        try end.write("outputs", table: outputs)
        try end.write("result", result)
        try end.writeIfPresent("standardError", standardError)
        try end.writeIfPresent("standardOutput", standardOutput)
        try end.write("survivors", array: survivors)
    }
}

extension OutputRecord: Codable {
    package init(from decoder: any Decoder) throws {
        let record = try ObjectReader(decoder)
        self.init(
            path: try record.text("path"), sha256: try record.value("sha256"),
            sizeBytes: try record.integer("sizeBytes"), truncated: try record.boolean("truncated"),
            tail: try record.text("tail"))
    }

    package func encode(to encoder: any Encoder) throws {
        var record = ObjectWriter(encoder)
        try record.write("path", text: path)
        try record.write("sha256", text: sha256.hex)
        try record.write("sizeBytes", integer: sizeBytes)
        try record.write("tail", text: tail)
        try record.write("truncated", boolean: truncated)
    }
}
