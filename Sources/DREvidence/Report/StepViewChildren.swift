internal import Mustache

// What a report has once for every step and attempt is asked for by name without reflection, which costs some
// tenths of a millisecond a step. The goldens hold the names against the template.

extension StepView: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "id": id
        case "anchor": anchor
        case "title": title
        case "kind": kind
        case "effect": effect
        case "place": place
        case "offset": offset
        case "took": took
        case "attemptCount": attemptCount
        case "status": status
        case "reason": reason
        case "summary": summary
        case "waits": waits
        case "attempts": attempts
        case "hasAttempts": hasAttempts
        case "outputs": outputs
        case "hasOutputs": hasOutputs
        case "commands": commands
        default: nil
        }
    }
}

extension StepView.AttemptLine: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "name": self.name
        case "started": started
        case "took": took
        case "status": status
        case "outputs": outputs
        default: nil
        }
    }
}

extension StepView.OutputLine: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "path": path
        case "size": size
        case "digest": digest
        default: nil
        }
    }
}

extension StepView.Detail: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "summary": summary
        case "text": text
        case "isOpen": isOpen
        default: nil
        }
    }
}

extension ReportPage.Status: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "tone": tone
        case "word": word
        default: nil
        }
    }
}

extension ReportPage.Labelled: MustacheParent {
    func child(named name: String) -> Any? {
        switch name {
        case "label": label
        case "text": text
        default: nil
        }
    }
}
