import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import Glibc
import SystemPackage
import Testing

@Suite struct RequestBoxTests {
    let state: TemporaryDirectory
    let run: RunDirectory
    let box: RequestBox
    static let id = String(repeating: "0a", count: 16)

    init() throws {
        state = try TemporaryDirectory()
        run = try RunDirectory.create("r1", in: state.path, audience: .ownerOnly) { _, _ in }
        box = RequestBox(of: run)
    }

    private var request: Request {
        Request(id: Self.id, run: "r1", uid: Host.effectiveUID, ask: .note(text: "ümläut\n"))
    }

    private func write(_ bytes: [UInt8], name: String = id, mode: UInt32 = 0o640) throws {
        try DurableFile.replace(at: run.requests.appending(name), with: bytes, mode: mode)
    }

    /// The reason for which the only file is refused.
    private func refusal() throws -> String {
        guard case .refused(_, _, let reason) = try #require(try box.pending().first) else { return "accepted" }
        return reason
    }

    @Test func `what is left is found, with its exact bytes and its owner, until it is removed`() throws {
        try box.leave(request)
        let bytes = try DurableFile.read(at: run.requests.appending(Self.id), limit: 1000)
        #expect(
            try box.pending() == [
                .accepted(
                    AcceptedRequest(
                        request: request, ownerUID: Host.effectiveUID, bytes: String(decoding: bytes, as: UTF8.self)))
            ])
        try box.remove(Self.id)
        try box.remove(Self.id)
        #expect(try box.pending().isEmpty)
    }

    @Test func `an id is used once`() throws {
        try box.leave(request)
        #expect(throws: JournalError.self) { try box.leave(request) }
    }

    @Test func `a request of somebody else, or to another run, is not left`() throws {
        for wrong in [
            Request(id: Self.id, run: "r2", uid: Host.effectiveUID, ask: .note(text: "")),
            Request(id: Self.id, run: "r1", uid: Host.effectiveUID + 1, ask: .note(text: "")),
            Request(id: "../../etc/passwd", run: "r1", uid: Host.effectiveUID, ask: .note(text: "")),
            Request(
                id: Self.id, run: "r1", uid: Host.effectiveUID,
                ask: .note(text: String(repeating: "x", count: RequestBox.byteLimit))),
        ] {
            #expect(throws: JournalError.self) { try box.leave(wrong) }
        }
        #expect(try DurableFile.list(run.requests).isEmpty)
    }

    @Test func `what is still being written is left out`() throws {
        try write(try RequestBox.encode(request), name: ".\(Self.id).tmp")
        #expect(try box.pending().isEmpty)
    }

    @Test(arguments: [0o600, 0o644, 0o660, 0o4640] as [UInt32])
    func `another mode than 0640 is refused`(mode: UInt32) throws {
        try write(try RequestBox.encode(request), mode: mode)
        #expect(try refusal().contains("mode"))
    }

    @Test func `a second name, a link, a pipe and a folder are refused without waiting`() throws {
        let file = run.requests.appending(Self.id).string
        let elsewhere = state.appending("elsewhere").string
        try write(try RequestBox.encode(request))
        #expect(unsafe link(file, elsewhere) == 0)
        #expect(try refusal().contains("2 names"))
        #expect(unsafe unlink(file) == 0)
        #expect(unsafe symlink(elsewhere, file) == 0)
        #expect(try refusal().contains("symbolic link"))
        #expect(unsafe unlink(file) == 0)
        #expect(unsafe mkfifo(file, 0o640) == 0)
        #expect(try refusal().contains("not a regular file"))
        #expect(unsafe unlink(file) == 0)
        #expect(unsafe mkdir(file, 0o640) == 0)
        #expect(try refusal().contains("not a regular file"))
    }

    @Test func `bytes that name another run, user or id, or nothing, are refused`() throws {
        let uid = Host.effectiveUID
        for (wrong, reason) in [
            (Request(id: Self.id, run: "r2", uid: uid, ask: .note(text: "")), "meant for run r2"),
            (Request(id: Self.id, run: "r1", uid: uid + 1, ask: .note(text: "")), "it names user \(uid + 1)"),
            (Request(id: "00", run: "r1", uid: uid, ask: .note(text: "")), "says that its id is 00"),
        ] {
            try write(try RequestBox.encode(wrong))
            #expect(try refusal().contains(reason))
        }
        for text in ["", "{}", "null", #"{"id":"\#(Self.id)","run":"r1","uid":\#(uid),"ask":{"destroy":{}}}"#] {
            try write(Array(text.utf8))
            #expect(try refusal().contains("not a request"))
        }
        try write(Array(try RequestBox.encode(request).map { $0 == UInt8(ascii: "\\") ? 0xFF : $0 }))
        #expect(try refusal().contains("not a request"))
        try write([UInt8](repeating: 0x20, count: RequestBox.byteLimit + 1))
        #expect(try refusal().contains("larger"))
    }

    @Test func `an id that is no request's is refused`() throws {
        try write(
            try RequestBox.encode(Request(id: "short", run: "r1", uid: Host.effectiveUID, ask: .note(text: ""))),
            name: "short")
        #expect(try refusal().contains("id"))
    }

    @Test(.enabled(if: Host.effectiveUID == 0, "only root can give a file to somebody else"))
    func `the owner of the file is who asks, whatever it says`() throws {
        try write(try RequestBox.encode(request))
        #expect(unsafe chown(run.requests.appending(Self.id).string, 12345, gid_t.max) == 0)
        #expect(
            try box.pending() == [
                .refused(id: Self.id, ownerUID: 12345, reason: "it names user 0, but user 12345 wrote it")
            ])
    }
}

@Suite struct RunDirectoryTests {
    let state: TemporaryDirectory

    init() throws { state = try TemporaryDirectory() }

    @Test func `of two that are made at once one gets the name, and nothing is left of the other`() throws {
        let error = #expect(throws: JournalError.self) {
            try RunDirectory.create("r1", in: state.path, audience: .ownerOnly) { outer, _ throws(JournalError) in
                _ = try RunDirectory.create("r1", in: state.path, audience: .ownerOnly) {
                    inner, _ throws(JournalError) in
                    #expect(inner.path != outer.path)
                }
            }
        }
        #expect(error?.code == .alreadyExists)
        #expect(try DurableFile.list(state.path.appending("runs")) == ["r1"])
    }

    @Test func `a run appears whole, with its folders and their modes`() throws {
        let run = try RunDirectory.create("r1", in: state.path, audience: .ownerOnly) {
            unfinished, _ throws(JournalError) in
            #expect(throws: Never.self) { try #expect(RunDirectory.list(in: state.path).isEmpty) }
            #expect(throws: Never.self) { try DurableFile.replace(at: unfinished.plan, with: [1]) }
        }
        #expect(run.id == "r1")
        #expect(try RunDirectory.list(in: state.path) == [run])
        #expect(
            try DurableFile.list(run.path) == ["files", "inside", "outside", "plan.json", "requests", "work"])
        for folder in [run.path, run.requests, run.files, run.work, run.place(.inside), run.place(.outside)] {
            #expect(try FileStatus(of: folder).permissions == 0o700)
        }
    }

    @Test(.enabled(if: Host.effectiveUID == 0, "only root can give a folder to a group it is not in"))
    func `where there is a group, its members may read the run and leave requests`() throws {
        let run = try RunDirectory.create("r1", in: state.path, audience: .group(gid: 4321)) { _, _ in }
        let requests = try FileStatus(of: run.requests)
        #expect(requests.permissions == 0o3770)
        #expect(requests.groupGID == 4321)
        #expect(try FileStatus(of: run.path).permissions == 0o750)
        #expect(try FileStatus(of: run.work).permissions == 0o700)
    }

    @Test func `a run is made once, and its id is a plain name`() throws {
        _ = try RunDirectory.create("r1", in: state.path, audience: .ownerOnly) { _, _ in }
        for (id, code) in [
            ("r1", JournalError.Code.alreadyExists), ("../x", .misuse), (".x", .misuse), ("", .misuse),
            ("a/b", .misuse),
        ] {
            let error = #expect(throws: JournalError.self) {
                _ = try RunDirectory.create(id, in: state.path, audience: .ownerOnly) { _, _ in }
            }
            #expect(error?.code == code)
        }
    }

    @Test func `a run that could not be filled is not there`() throws {
        #expect(throws: JournalError.self) {
            _ = try RunDirectory.create("r1", in: state.path, audience: .ownerOnly) { _, _ throws(JournalError) in
                throw JournalError(.inputOutput, "no")
            }
        }
        #expect(try RunDirectory.list(in: state.path).isEmpty)
    }

    @Test func `a run is found by its id or by what only its id begins with`() throws {
        for id in ["drill-1", "drill-12", "other"] {
            _ = try RunDirectory.create(id, in: state.path, audience: .ownerOnly) { _, _ in }
        }
        #expect(try RunDirectory.find("drill-1", in: state.path).id == "drill-1")
        #expect(try RunDirectory.find("oth", in: state.path).id == "other")
        for missing in ["drill", "x", ""] {
            let error = #expect(throws: JournalError.self) { try RunDirectory.find(missing, in: state.path) }
            #expect(error?.code == .notFound)
            #expect(error?.hint?.contains("drill-1") == true)
        }
    }
}
