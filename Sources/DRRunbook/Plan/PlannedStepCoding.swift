// A step's members in JSON, written by name: a plan of many steps is written twice, for its steps' digests and for its
// own, and what the compiler writes took three times as long (see `ObjectCoding.swift`). Members stand in their order.

internal import DRCrypto
internal import DRJSON

extension PlannedStep: Codable {
    package init(from decoder: any Decoder) throws {
        let step = try ObjectReader(decoder)
        self.init(
            id: StepID(try step.text("id")), title: try step.text("title"), action: try step.value("action"),
            needs: try step.array("needs"), condition: try step.valueIfPresent("condition"),
            effect: try step.choice("effect"), place: try step.choice("place"),
            placeReason: try step.textIfPresent("placeReason"), timeout: try step.valueIfPresent("timeout"),
            within: try step.valueIfPresent("within"), retry: try step.value("retry"),
            onFailure: try step.value("onFailure"), probe: try step.valueIfPresent("probe"),
            env: try step.table("env"), outputs: try step.table("outputs"), marks: try step.array("marks"),
            measures: try step.valueIfPresent("measures"), background: try step.valueIfPresent("background"),
            concurrency: try step.textIfPresent("concurrency"),
            undoes: try step.textIfPresent("undoes").map { StepID($0) },
            skipInDrill: try step.textIfPresent("skipInDrill"), differsInDrill: try step.boolean("differsInDrill"),
            digest: try step.value("digest"))
        limits = try step.valueIfPresent("limits")
        gate = try step.valueIfPresent("gate")
        escalation = try step.valueIfPresent("escalation")
    }

    package func encode(to encoder: any Encoder) throws {
        var step = ObjectWriter(encoder)
        try step.write("action", action)
        try step.writeIfPresent("background", background)
        try step.writeIfPresent("concurrency", concurrency)
        try step.writeIfPresent("condition", condition)
        try step.write("differsInDrill", boolean: differsInDrill)
        try step.write("digest", text: digest.hex)
        try step.write("effect", text: effect.rawValue)
        try step.write("env", table: env)
        try step.writeIfPresent("escalation", escalation)
        try step.writeIfPresent("gate", gate)
        try step.write("id", text: id.rawValue)
        try step.writeIfPresent("limits", limits)
        try step.write("marks", array: marks)
        try step.writeIfPresent("measures", measures)
        try step.write("needs", array: needs)
        try step.write("onFailure", onFailure)
        try step.write("outputs", table: outputs)
        try step.write("place", text: place.rawValue)
        try step.writeIfPresent("placeReason", placeReason)
        try step.writeIfPresent("probe", probe)
        try step.write("retry", retry)
        try step.writeIfPresent("skipInDrill", skipInDrill)
        try step.writeIfPresent("timeout", timeout)
        try step.write("title", text: title)
        try step.writeIfPresent("undoes", undoes)
        try step.writeIfPresent("within", within)
    }
}

extension Need: Codable {
    package init(from decoder: any Decoder) throws {
        let need = try ObjectReader(decoder)
        self.init(step: StepID(try need.text("step")), accept: try need.array("accept"))
    }

    package func encode(to encoder: any Encoder) throws {
        var need = ObjectWriter(encoder)
        try need.write("accept", array: accept.map(\.rawValue))
        try need.write("step", text: step.rawValue)
    }
}

extension RetryPolicy: Codable {
    package init(from decoder: any Decoder) throws {
        let policy = try ObjectReader(decoder)
        self.init(
            attempts: try policy.integer("attempts"), initial: try policy.value("initial"),
            factorThousandths: try policy.integer("factorThousandths"), maximum: try policy.value("maximum"),
            jitter: try policy.choice("jitter"), exitCodes: try policy.valueIfPresent("exitCodes"))
    }

    package func encode(to encoder: any Encoder) throws {
        var policy = ObjectWriter(encoder)
        try policy.write("attempts", integer: attempts)
        try policy.writeIfPresent("exitCodes", exitCodes)
        try policy.write("factorThousandths", integer: factorThousandths)
        try policy.write("initial", integer: initial.nanoseconds)
        try policy.write("jitter", text: jitter.rawValue)
        try policy.write("maximum", integer: maximum.nanoseconds)
    }
}
