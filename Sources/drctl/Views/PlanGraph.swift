import DRRunbook

/// A plan's steps as a graph in the language of Graphviz.
struct PlanGraph {
    var plan: Plan

    var dot: String {
        var lines = ["digraph \"\(quoted(plan.runbook.name))\" {", "  rankdir=LR; node [shape=box];"]
        for step in plan.steps {
            var attributes = ["label=\"\(quoted(step.id.rawValue))\\n\(quoted(step.title))\""]
            if step.action.kind == .manual || step.action.kind == .approve { attributes.append("shape=ellipse") }
            if step.effect == .unsafe { attributes.append("penwidth=2") }
            if step.skipInDrill != nil { attributes.append("style=dashed") }
            lines.append("  \"\(quoted(step.id.rawValue))\" [\(attributes.joined(separator: ", "))];")
        }
        for step in plan.steps {
            for need in step.needs {
                lines.append("  \"\(quoted(need.step.rawValue))\" -> \"\(quoted(step.id.rawValue))\";")
            }
        }
        return (lines + ["}"]).joined(separator: "\n")
    }

    private func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: " ")
    }
}
