import DRCrypto
package import DRJournal
package import DRMachine
import DRMeasure
package import DRRunbook
import DRSystem
import GRDB
package import SystemPackage

/// An index over the runs of a state directory, in `history-1.sqlite`: derived from their journals, never the other way
/// round, and worth nothing when it is gone. SQLite drops what follows a bad frame without a word, which is why it
/// holds nothing that is not somewhere else.
package struct RunHistory: Sendable {
    /// A change of the tables gives the file another name; the old one is of no use then.
    private static let version = 1

    private let state: FilePath
    private let database: DatabaseQueue

    /// Opens the index, and makes it anew where it is not there or cannot be read.
    /// - Parameter isNew: makes it anew in any case.
    /// - Throws: where it cannot be made.
    package init(of state: FilePath, isNew: Bool = false) throws {
        self.state = state
        let file = state.appending("history-\(Self.version).sqlite")
        if isNew { Self.remove(file) }
        do {
            database = try Self.open(file)
        } catch let error as DatabaseError where Self.isDamage(error) {
            Self.remove(file)
            database = try Self.open(file)
        }
    }

    /// Not where it is only held by another, or may not be written.
    private static func isDamage(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
    }

    private static func remove(_ file: FilePath) {
        for suffix in ["", "-wal", "-shm", "-journal"] { try? DurableFile.remove(FilePath(file.string + suffix)) }
    }

    private static func open(_ file: FilePath) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        let database = try DatabaseQueue(path: file.string, configuration: configuration)
        try database.write { db in
            guard try String.fetchOne(db, sql: "PRAGMA quick_check") == "ok" else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT)
            }
            try db.create(table: RunEntry.databaseTableName, ifNotExists: true) { table in
                table.primaryKey("run", .text)
                for column in ["runbook", "title", "mode", "environment", "status", "hash"] {
                    table.column(column, .text).notNull()
                }
                for column in ["isClosed", "isTabletop"] { table.column(column, .boolean).notNull() }
                for column in ["startedAt", "elapsedNanoseconds", "stepsDone", "steps", "commit"] {
                    table.column(column, .integer).notNull()
                }
            }
            try db.create(table: StepTime.databaseTableName, ifNotExists: true) { table in
                table.column("run", .text).notNull().indexed()
                table.column("step", .text).notNull()
                table.column("nanoseconds", .integer).notNull()
            }
        }
        return database
    }

    /// What bringing the index up to date took.
    package struct Refresh: Sendable {
        /// Runs whose journals were read, because the index did not know them, or not as they are.
        package var read = 0
        package var kept = 0
        /// Runs that cannot be read, and why; they are in no list, and keep nobody else out of it.
        package var unreadable: [(run: String, error: any Error)] = []
    }

    /// Brings the index up to what the journals say: an entry whose commit is not its journal's last one is derived
    /// again, and one whose run is gone goes too.
    /// - Parameter read: the state that a run's journal folds to, with its last commit.
    /// - Throws: where the runs cannot be listed, or the index cannot be written.
    package func refresh(_ read: (RunDirectory) throws -> (RunState, JournalHead)) throws -> Refresh {
        var refresh = Refresh()
        let runs = try RunDirectory.list(in: state)
        var known: [String: RunEntry] = [:]
        for entry in try database.read({ db in try RunEntry.fetchAll(db) }) { known[entry.run] = entry }
        for run in runs {
            let entry = known.removeValue(forKey: run.id)
            do {
                if let entry, let head = try JournalReader.lastHead(at: run.journal), head.commit == entry.commit,
                    head.hash.hex == entry.hash
                {
                    refresh.kept += 1
                    continue
                }
                let (state, head) = try read(run)
                let times = Forecast.times(in: state).sorted { $0.key < $1.key }
                try put(
                    RunEntry(run.id, state, head: head),
                    times.map { StepTime(run: run.id, step: $0.rawValue, nanoseconds: $1) })
                refresh.read += 1
            } catch let error as DatabaseError {
                throw error
            } catch {
                refresh.unreadable.append((run.id, error))
                if entry != nil { try forget(run.id) }
            }
        }
        for run in known.keys { try forget(run) }
        return refresh
    }

    private func put(_ entry: RunEntry, _ times: [StepTime]) throws {
        try database.write { db in
            try entry.upsert(db)
            try db.execute(sql: "DELETE FROM stepTime WHERE run = ?", arguments: [entry.run])
            for time in times { try time.insert(db) }
        }
    }

    private func forget(_ run: String) throws {
        try database.write { db in
            try db.execute(sql: "DELETE FROM run WHERE run = ?", arguments: [run])
            try db.execute(sql: "DELETE FROM stepTime WHERE run = ?", arguments: [run])
        }
    }

    /// Runs, the newest first.
    /// - Parameters:
    ///   - runbook: only those of this runbook.
    ///   - limit: at most so many.
    package func entries(runbook: String? = nil, mode: RunMode? = nil, limit: Int = .max) throws -> [RunEntry] {
        try database.read { db in
            var request = RunEntry.order(Column("startedAt").desc, Column("run").desc)
            if let runbook { request = request.filter(Column("runbook") == runbook) }
            if let mode { request = request.filter(Column("mode") == mode.rawValue) }
            return try request.limit(min(limit, Int(Int32.max))).fetchAll(db)
        }
    }

    /// How long steps took in the newest runs of a runbook that came to their end and did something.
    package func stepTimes(runbook: String, mode: RunMode, runs: Int) throws -> (times: [StepID: [Int64]], runs: Int) {
        try database.read { db in
            let names =
                try RunEntry
                .filter(
                    Column("runbook") == runbook && Column("mode") == mode.rawValue && Column("isClosed") == true
                        && Column("isTabletop") == false
                ).order(Column("startedAt").desc).limit(runs).fetchAll(db).map(\.run)
            var times: [StepID: [Int64]] = [:]
            for time in try StepTime.filter(names.contains(Column("run"))).fetchAll(db) {
                times[StepID(time.step), default: []].append(time.nanoseconds)
            }
            return (times, names.count)
        }
    }
}
