// Where HTTP requests may go.
extension Planner {
    mutating func httpAllow(_ environment: EnvironmentDefinition, _ context: EvaluationContext) -> [String]? {
        environment.httpAllow?.compactMap { written in
            guard let text = literal(written, context) else { return nil }
            guard HTTPDestination.isPattern(text) else {
                report(
                    .environment, at: written.place, "`\(text)` is not a host, an address or a range of addresses",
                    fix: "write `HOST`, `ADDRESS` or `ADDRESS/BITS`, each with `:PORT` for one port alone")
                return nil
            }
            return text
        }
    }
}
