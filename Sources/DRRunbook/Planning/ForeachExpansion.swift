/// Works out which instances a step with `foreach` has.
struct ForeachExpansion {
    /// One of them.
    struct Instance {
        /// Stands in brackets behind the step's id.
        var key: String
        /// `each.NAME`, by whole name.
        var values: [String: Value]
        /// Keys of those that have to have succeeded first.
        var after: [String] = []
    }

    let catalogue: Catalogue?
    let context: EvaluationContext
    private(set) var diagnostics: [Diagnostic] = []

    init(catalogue: Catalogue?, context: EvaluationContext) {
        self.catalogue = catalogue
        self.context = context
    }

    mutating func instances(of foreach: Placed<Foreach>) -> [Instance] {
        switch foreach.value.source {
        case .list(let elements): list(elements)
        case .services(let condition, let isOrdered): services(condition, isOrdered: isOrdered, at: foreach.place)
        }
    }

    private mutating func list(_ elements: [Placed<Template>]) -> [Instance] {
        var instances: [Instance] = []
        var seen: Set<String> = []
        for element in elements {
            guard let key = resolved(element) else { continue }
            guard Self.isKey(key) else {
                report(
                    element.place, "`\(key)` cannot name an instance",
                    fix: "use 1 to 64 letters, digits and the characters . _ : -")
                continue
            }
            guard seen.insert(key).inserted else {
                report(element.place, "`\(key)` is in the list twice", fix: "keep one of them")
                continue
            }
            instances.append(Instance(key: key, values: ["each.value": .string(key)]))
        }
        return instances
    }

    private mutating func resolved(_ element: Placed<Template>) -> String? {
        do {
            if let text = try element.value.substituting(context).literal { return text }
            report(element.place, "`\(element.value.display)` is not known before the run")
        } catch {
            report(element.place, "\(error)")
        }
        return nil
    }

    private static func isKey(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private mutating func services(_ condition: Expression, isOrdered: Bool, at place: SourcePlace) -> [Instance] {
        guard let catalogue else {
            report(place, "there is no catalogue to take services from", fix: "put services.yaml beside the runbook")
            return []
        }
        var chosen: [CataloguedService] = []
        for service in catalogue.services.values.sorted(by: {
            ($0.planned.tier, $0.planned.name) < ($1.planned.tier, $1.planned.name)
        }) {
            do throws(ExpressionError) {
                if try condition.evaluate(in: EvaluationContext(values: Self.values(service, prefix: "")))
                    == .boolean(true)
                {
                    chosen.append(service)
                }
            } catch {
                report(place, "\(error)")
                return []
            }
        }
        let names = Set(chosen.map(\.planned.name))
        return chosen.map { service in
            Instance(
                key: service.planned.name, values: Self.values(service, prefix: "each."),
                after: isOrdered ? needed(by: service, among: names, in: catalogue) : [])
        }
    }

    private static func values(_ service: CataloguedService, prefix: String) -> [String: Value] {
        [
            "\(prefix)name": .string(service.planned.name), "\(prefix)owner": .string(service.planned.owner),
            "\(prefix)tier": .integer(Int64(service.planned.tier)),
        ]
    }

    /// The chosen services that one cannot do without, directly or through others that were not chosen.
    private func needed(by service: CataloguedService, among chosen: Set<String>, in catalogue: Catalogue) -> [String] {
        var found: Set<String> = []
        var visited: Set<String> = [service.planned.name]
        var open = service.dependencies
        while let next = open.popLast() {
            guard visited.insert(next).inserted else { continue }
            if chosen.contains(next) {
                found.insert(next)
            } else {
                open += catalogue.services[next]?.dependencies ?? []
            }
        }
        return found.sorted()
    }

    private mutating func report(_ place: SourcePlace, _ message: String, fix: String? = nil) {
        diagnostics.append(Diagnostic(.foreach, at: place, message, fix: fix))
    }
}
