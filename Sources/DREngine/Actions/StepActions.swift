package import DRMachine
package import DRRunbook
internal import DRSystem
internal import FoundationEssentials
internal import SystemPackage

/// The actions that need no repository: `drctl action http|check|wait`, carried out in this process, which a
/// supervisor started. They say on standard error what they found.
///
/// Exit codes are a probe's: 0 holds (or: the answer is as expected), 1 does not hold, 2 not established.
package enum StepActions {
    /// Sends one request. The answer's body goes to standard output, its status into the output `status`.
    /// - Parameter secrets: name to base64, for header fields.
    package static func http(_ request: ResolvedRequest, secrets: [String: String]) async -> Int32 {
        let exchange = await HTTPExchange.perform(request, secrets: secrets)
        say(exchange.answer.detail)
        if let body = exchange.body { _ = try? FileDescriptor.standardOutput.writeAll(body) }
        if let status = exchange.status, let path = ProcessInfo.processInfo.environment[AttemptVariable.output] {
            do throws(SystemError) {
                try DurableFile.replace(at: FilePath(path), with: Array(#"{"status": \#(status)}"#.utf8))
            } catch {
                // What the request did, it did; but nobody may take its answer for recorded.
                say("the status could not be written: \(error.message)")
                return CheckVerdict.notEstablished.rawValue
            }
        }
        return exchange.answer.verdict.rawValue
    }

    /// Asks once.
    package static func check(_ check: ResolvedCheck, secrets: [String: String]) async -> Int32 {
        let answer = await Checker(secrets: secrets).ask(check)
        say(answer.detail)
        return answer.verdict.rawValue
    }

    /// Asks until the check held for `holds` without a break; ends otherwise only with this process.
    package static func wait(
        _ check: ResolvedCheck, holds: TimeSpan, interval: TimeSpan, secrets: [String: String]
    ) async -> Int32 {
        guard let time = try? SystemTimeSource() else {
            say("the clock cannot be read")
            return CheckVerdict.notEstablished.rawValue
        }
        let answer = await wait(holds: holds, interval: interval, time: time, say: say) {
            await Checker(secrets: secrets).ask(check)
        }
        return answer.rawValue
    }

    /// - Parameter ask: gives the check's answer now.
    static func wait(
        holds: TimeSpan, interval: TimeSpan, time: any TimeSource, say: (String) -> Void,
        ask: () async -> CheckAnswer
    ) async -> CheckVerdict {
        var since: Int64?
        var last: CheckVerdict?
        while true {
            let answer = await ask()
            let now = time.bootNanoseconds()
            if answer.verdict == .holds {
                // Counted from the first answer; how long it held before it was asked is not known.
                let start = since ?? now
                since = start
                if now - start >= holds.nanoseconds {
                    say("held for \(TimeSpan(nanoseconds: now - start).duration): \(answer.detail)")
                    return .holds
                }
            } else {
                since = nil
            }
            if answer.verdict != last { say(answer.detail) }
            last = answer.verdict
            do { try await Task.sleep(for: interval.duration) } catch { return .notEstablished }
        }
    }

    private static func say(_ line: String) {
        _ = try? FileDescriptor.standardError.writeAll("\(displayEscaped(line))\n".utf8)
    }
}
