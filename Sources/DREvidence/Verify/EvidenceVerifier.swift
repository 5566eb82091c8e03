import DRCrypto
package import DRJournal
package import DRMachine
import DRRunbook
import DRSystem
import SystemPackage

/// Checks a run's directory: the journal's chain, every digest, and that record and report follow from them.
/// Reads only.
package struct EvidenceVerifier {
    private let run: RunDirectory
    private let anchors: [JournalHead]
    private let tool: String
    private var result = Verification()

    /// Verifies the run in a directory. What cannot be read is a check that is not established, never an error.
    /// - Parameters:
    ///   - anchors: heads of the journal that were noted elsewhere.
    ///   - tool: as `Report.render` takes it; a report that this very tool made has to be the same, byte for byte.
    package static func verify(_ run: RunDirectory, anchors: [JournalHead] = [], tool: String) -> Verification {
        var verifier = EvidenceVerifier(run: run, anchors: anchors, tool: tool)
        verifier.verify()
        return verifier.result
    }

    private init(run: RunDirectory, anchors: [JournalHead], tool: String) {
        self.run = run
        self.anchors = anchors
        self.tool = tool
    }

    private mutating func verify() {
        let recordBytes = bytes(of: "record.json")
        var record: Record?
        if let recordBytes { record = readRecord(recordBytes) }
        guard let journal = readJournal(recordHead: record?.journal), let plan = readPlan(journal) else { return }
        if let recordBytes, let record { refold(plan, journal, record, recordBytes) }
        for file in plan.files { compare("files/" + file.path, file.sha256, file.sizeBytes) }
        for case .planAdopted(let adoption) in journal.events.map(\.event) {
            checkAdopted(adoption)
        }
        for (path, file) in evidence(of: journal.events) { compare(path, file.sha256, file.sizeBytes) }
        for output in outputs(of: journal.events) where !wasNeverKept(output) {
            compare(output.path, output.sha256, output.sizeBytes)
        }
    }

    // MARK: Journal and plan

    /// The committed events; a head that `record.json` holds has to be one of its commits.
    private mutating func readJournal(recordHead: JournalHead?) -> JournalContents? {
        let subject = "journal.jsonl"
        do throws(JournalError) {
            let contents = try JournalReader.read(at: run.journal, anchors: anchors + [recordHead].compactMap { $0 })
            guard let head = contents.head, contents.created != nil else {
                result.add(subject, .notEstablished, "it holds no run yet")
                return nil
            }
            result.head = head
            var detail =
                "\(Wording.count(Int64(head.event), "event")) in \(Wording.count(Int64(head.commit), "commit"))"
            detail += recordHead == nil && anchors.isEmpty ? "; no head noted elsewhere to compare its end with" : ""
            if let rest = contents.uncommitted {
                detail += "; \(Wording.count(Int64(rest.sizeBytes), "byte")) after the last commit are no part of it"
            }
            result.add(subject, .holds, detail)
            return contents
        } catch {
            result.add(subject, error.code == .notAuthentic ? .doesNotHold : .notEstablished, error.message)
            return nil
        }
    }

    private mutating func readPlan(_ journal: JournalContents) -> Plan? {
        guard let bytes = bytes(of: "plan.json"), let created = journal.created else { return nil }
        let digest = Digest.of(bytes)
        guard digest == created.plan else {
            result.add("plan.json", .doesNotHold, "its SHA-256 is \(digest), and event 1 says \(created.plan)")
            return nil
        }
        do throws(RunbookError) {
            let plan = try PlanCodec.decode(bytes)
            result.add("plan.json", .holds, "SHA-256 \(digest), as event 1 says")
            return plan
        } catch {
            result.add("plan.json", .notEstablished, "it is genuine, but this drctl cannot read it: \(error.message)")
            return nil
        }
    }

    /// The files of a plan that was adopted under way, beside those of the first one.
    private mutating func checkAdopted(_ adoption: PlanAdoption) {
        do throws(MachineError) {
            for file in try adoption.plan().files {
                compare("\(adoption.filesPath)/\(file.path)", file.sha256, file.sizeBytes)
            }
        } catch {
            result.add("journal.jsonl", .doesNotHold, error.message)
        }
    }

    // MARK: Record and report

    private mutating func readRecord(_ bytes: [UInt8]) -> Record? {
        do throws(EvidenceError) {
            return try Record(fileBytes: bytes)
        } catch {
            result.add("record.json", error.code == .unreadable ? .notEstablished : .doesNotHold, error.message)
            return nil
        }
    }

    /// Derives the record again, as of the head that it states, and compares every byte.
    private mutating func refold(_ plan: Plan, _ journal: JournalContents, _ stated: Record, _ bytes: [UInt8]) {
        let events = Array(journal.events.prefix(stated.journal.event))
        do throws(EvidenceError) {
            let derived = try Record.derive(plan: plan, events: events, head: stated.journal).fileBytes()
            if derived == bytes {
                let later = journal.events.count - events.count
                result.add(
                    "record.json", .holds,
                    "it follows from plan and journal"
                        + (later > 0 ? "; the journal has \(Wording.count(Int64(later), "event")) more since" : ""))
                compareReport(stated)
            } else {
                result.add("record.json", .doesNotHold, Self.firstDifference(bytes, derived))
            }
        } catch {
            result.add("record.json", .notEstablished, error.message)
        }
    }

    static func firstDifference(_ found: [UInt8], _ derived: [UInt8]) -> String {
        let lines = { (bytes: [UInt8]) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) }
        let (left, right) = (lines(found), lines(derived))
        let line =
            zip(left, right).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(left.count, right.count)
        func shown(_ lines: [ArraySlice<UInt8>]) -> String {
            guard line < lines.count else { return "nothing" }
            let text = displayEscaped(bytes: lines[line].drop { $0 == UInt8(ascii: " ") })
            return text.count > 100 ? text.prefix(100) + "…" : text
        }
        return "line \(line + 1) says \(shown(left)), and plan and journal give \(shown(right))"
    }

    private mutating func compareReport(_ record: Record) {
        guard let found = bytes(of: "report.html") else { return }
        do throws(EvidenceError) {
            let page = try Report.render(record, tool: tool)
            if Array(page.utf8) == found {
                result.add("report.html", .holds, "it is drawn from record.json")
            } else if String(decoding: found, as: UTF8.self).contains(Report.signature(of: tool)) {
                result.add("report.html", .doesNotHold, "\(tool) draws another page from record.json")
            } else {
                result.add(
                    "report.html", .notEstablished,
                    "it names another drctl as its maker; draw it again with `drctl report` and compare")
            }
        } catch {
            result.add("report.html", .notEstablished, error.message)
        }
    }

    // MARK: Files

    /// The files that people's answers were given with.
    private func evidence(of events: [JournaledEvent]) -> [(String, EvidenceFile)] {
        events.flatMap { entry -> [(String, EvidenceFile)] in
            guard case .requestApplied(let accepted) = entry.event else { return [] }
            return (accepted.request.files ?? []).enumerated().map { index, file in
                (file.path(request: accepted.request.id, index: index), file)
            }
        }
    }

    /// Whether the journal itself says that nothing of an output could be kept, and there is no file. Any other file
    /// that is missing is not established, an empty one too.
    private mutating func wasNeverKept(_ output: OutputRecord) -> Bool {
        guard output.truncated, output.sizeBytes == 0 else { return false }
        do throws(SystemError) {
            _ = try digest(of: output.path)
            return false
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { return false }
            result.add(output.path, .holds, "nothing of it could be kept, as is journaled")
            return true
        }
    }

    private func outputs(of events: [JournaledEvent]) -> [OutputRecord] {
        events.flatMap { entry -> [OutputRecord] in
            guard case .attemptEnded(_, let end) = entry.event else { return [] }
            return [end.standardOutput, end.standardError].compactMap { $0 }
        }
    }

    /// Compares a file beneath the run's directory, reached without following any link, with what is journaled.
    private mutating func compare(_ path: String, _ digest: Digest, _ sizeBytes: Int64) {
        do throws(SystemError) {
            let (found, size) = try self.digest(of: path)
            if found == digest {
                result.add(path, .holds, "SHA-256 \(digest)")
            } else {
                result.add(
                    path, .doesNotHold,
                    "its SHA-256 is \(found) (\(Wording.count(size, "byte"))), and \(digest) "
                        + "(\(Wording.count(sizeBytes, "byte"))) is journaled")
            }
        } catch {
            result.add(path, .notEstablished, error.message)
        }
    }

    private func digest(of path: String) throws(SystemError) -> (Digest, Int64) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last.flatMap({ FileName(String($0)) }) else {
            throw SystemError(call: "open", path: path, errno: .invalidArgument)
        }
        let folder = try DirectoryHandle(opening: run.path)
            .openDirectory(beneath: Array(parts.dropLast().joined(separator: "/").utf8))
        let file = try folder.openFile(name)
        guard try file.status().kind == .regular else {
            throw SystemError(call: "read", path: path, errno: .invalidArgument)
        }
        var hash = SHA256()
        var size: Int64 = 0
        while true {
            var buffer: [UInt8] = []
            let count = try file.read(upTo: 1 << 20, appendingTo: &buffer)
            if count == 0 { return (hash.finish(), size) }
            hash.update(buffer)
            size += Int64(count)
        }
    }

    /// The whole of a file directly in the run's directory; a failure is noted as not established.
    private mutating func bytes(of name: String) -> [UInt8]? {
        do throws(SystemError) {
            return try DurableFile.read(at: run.path.appending(name), limit: 1 << 30)
        } catch {
            result.add(name, .notEstablished, error.message)
            return nil
        }
    }
}
