import DRMachine
import DRRunbook

// What goes wrong with the machine.
extension World {
    func strike(_ fault: FaultRates.Fault) throws {
        guard !haveFaultsEnded, !isClosed, let gap = rates.meanGaps[fault] else { return }
        after(fate.time(0...2 * gap), .fault(fault))
        statistics.faults[fault, default: 0] += 1
        switch fault {
        case .killEngine: if let index = living { die(index, "it is killed") }
        case .pauseEngine:
            guard let index = living else { return }
            let pause = fate.time(.second...fate.of([3, 60, 600]) * .second)
            tell("runner \(index) stands still for \(pause / .second) s")
            engines[index].pausedUntil = time + pause
        case .killOutside: try kill(.outside)
        case .killInside: try kill(.inside)
        case .breakConnection:
            let open = lines.indices.filter { lines[$0].isOpen && !lines[$0].isFarewell }
            guard !open.isEmpty else { return }
            tell("a line breaks")
            hangUp(fate.of(open))
        case .powerLoss: try losePower()
        case .setClock:
            let by = fate.time(0...fate.of([1, 60, 86_400]) * .second) * (fate.oneIn(2) ? 1 : -1)
            tell("the clock is set by \(by / .second) s")
            wallOffset += by
            lookAtTimers()
        case .suspend:
            asleepUntil = time + fate.time(.second...fate.of([5, 300, 7200]) * .second)
            tell("the machine sleeps until \(asleepUntil / .second)")
        case .fillDisk: isDiskFullUntil = time + fate.time(.second...40 * .second)
        case .failSync: doesNextSyncFail = true
        case .failDisk: try failDisk()
        }
    }

    private var living: Int? {
        let alive = engines.indices.filter { engines[$0].isAlive }
        return alive.isEmpty ? nil : fate.of(alive)
    }

    private func losePower() throws {
        tell("the machine loses its power")
        for index in engines.indices { die(index, "no power") }
        for place in Place.allCases {
            supervisors[place]?.isAlive = false
            supervisors[place]?.client = nil
            if rates.spoolsForget { supervisors[place]?.syncedCount = 0 }
            forgetUnsynced(place)
        }
        for index in lines.indices { lines[index].isOpen = false }
        for attempt in processes.keys { processes[attempt]?.isLive = false }
        journal.losePower(&disk)
        doesNextSyncFail = false
        reboot(downFor: fate.time(5 * .second...300 * .second))
    }

    /// Whoever mends it ends what holds it first; processes outside go on.
    private func failDisk() throws {
        tell("the file system fails")
        for index in engines.indices { die(index, "the file system failed") }
        for place in Place.allCases {
            try kill(place)
            forgetUnsynced(place)
        }
        journal.losePower(&disk)
        doesNextSyncFail = false
    }

    /// A spool is in the page cache: what was not synced may be missing at its end.
    private func forgetUnsynced(_ place: Place) {
        guard let supervisor = supervisors[place], supervisor.spool.count > supervisor.syncedCount else { return }
        let most = min(supervisor.spool.count - supervisor.syncedCount, 6)
        supervisors[place]?.spool.removeLast(disk.below(most + 1))
    }
}
