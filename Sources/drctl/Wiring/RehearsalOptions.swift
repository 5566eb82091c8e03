import ArgumentParser
import DRRunbook
import SystemPackage

/// What a rehearsed restore is asked.
struct RehearsalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Run this by /bin/sh in what was restored, without network: exit 0 holds, 1 does not.",
            valueName: "command"))
    var probe: [String] = []
    @Option(help: ArgumentHelp("A probe that takes longer is not established.", valueName: "duration"))
    var probeWithin = TimeSpan(nanoseconds: 600_000_000_000)
    @Option(help: ArgumentHelp("Restore below this folder, with room for it (TMPDIR or /var/tmp).", valueName: "dir"))
    var scratch: String?

    var isGiven: Bool { !probe.isEmpty || scratch != nil }
}
