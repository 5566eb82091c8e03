import DRMachine
import DRRunbook

/// What a record does not show. A reader who does not know the limits of evidence takes it for more than it is.
enum Limits {
    static func statements(_ record: Record) -> [String] {
        (record.run.mode == .drill ? drill(record) : real) + measurement(record) + backup(record) + always(record)
    }

    private static func drill(_ record: Record) -> [String] {
        var said = [
            "That production would recover in the same time, or lose as little: a drill works in isolation, on its own "
                + "copies, without production's load, people and network.",
            "What processes that drctl did not start did. drctl's control ends at the namespaces of the drill and at "
                + "the credentials it hands out; the kernel, the hardware and everything on the list of what ran "
                + "outside lie beyond it.",
        ]
        if record.services.contains(where: { $0.clocks.contains { $0.synthetic && $0.clock == .disrupted } }) {
            said.append(
                "How long people would take to detect a disruption and to decide: the runbook caused this one on "
                    + "purpose and its time was known.")
        }
        if record.steps.contains(where: \.differsInDrill) {
            said.append(
                "That the commands of a real run work where a drill runs others; the findings name those steps.")
        }
        return said
    }

    private static let real = [
        "What was done without drctl, before, beside or after this run, unless somebody marked or noted it."
    ]

    private static func measurement(_ record: Record) -> [String] {
        var said = [
            "That the host's clock was right: times are this host's; no reference clock was asked. Lengths of time are "
                + "measured by the host's running time within one start of it."
        ]
        if record.services.isEmpty {
            said.append("Whether an objective was met: the plan names no service of the catalogue.")
        }
        return said
    }

    private static func backup(_ record: Record) -> [String] {
        guard !record.backups.isEmpty else { return ["That any backup restores: no step of this run worked on one."] }
        return [
            "Anything about snapshots and datasets other than those named here, or about the same ones at another time.",
            "That the data was right before it was backed up: a restore gives back what was there.",
        ]
    }

    private static func people(_ record: Record) -> String {
        let approvals = record.steps.flatMap(\.approvals)
        let unsigned = approvals.count { $0.signed != true }
        if approvals.isEmpty || unsigned == approvals.count {
            return "Who the people were: approvals are told apart by the operating system's users and are not signed."
        }
        let rest =
            unsigned == 0
            ? "Every approval was signed with a key that the site file gives to that person"
            : "\(unsigned) of \(approvals.count) approvals are told apart by the operating system's users and not signed"
        return "Who the people were: \(rest); that nobody else had the keys, it does not show."
    }

    private static func always(_ record: Record) -> [String] {
        [
            "Who wrote this record: it carries no signature. Whoever can write the run's directory could have made "
                + "another that holds together as well; a head of the journal (commit and hash) that was kept "
                + "elsewhere at the time rules that out.",
            people(record),
            "That a control is fulfilled. This record supports such a statement; making it is for people who know "
                + "the organisation.",
        ]
    }
}
