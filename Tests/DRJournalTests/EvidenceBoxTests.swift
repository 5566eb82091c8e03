import DRCrypto
import DRJournal
import DRMachine
import DRRunbook
import DRSystem
import DRTestSupport
import Foundation
import SystemPackage
import Testing

/// Files that people's answers come with.
@Suite struct EvidenceBoxTests {
    let state: TemporaryDirectory
    let run: RunDirectory
    let box: RequestBox
    static let id = String(repeating: "0a", count: 16)

    init() throws {
        state = try TemporaryDirectory()
        run = try RunDirectory.create("r1", in: state.path, audience: .ownerOnly) { _, _ in }
        box = RequestBox(of: run)
    }

    private func left(_ contents: [[UInt8]], said: [EvidenceFile]? = nil) throws -> AcceptedRequest {
        var request = Request(id: Self.id, run: "r1", uid: Host.effectiveUID, ask: .note(text: "seen"))
        request.files = said ?? contents.map { EvidenceFile(name: "photo.jpg", bytes: $0) }
        try box.leave(request, files: contents)
        guard case .accepted(let accepted) = try #require(try box.pending().first) else {
            throw JournalError(.misuse, "it is refused")
        }
        return accepted
    }

    @Test func `files are kept with the run, once, and what lay beside the request goes`() throws {
        let accepted = try left([[1, 2], [3]])
        #expect(try box.pending().count == 1)
        #expect(try box.keepEvidence(of: accepted) == nil)
        #expect(try box.keepEvidence(of: accepted) == nil)
        for (index, bytes) in [[1, 2], [3]].enumerated() {
            let path = "evidence/\(Self.id)-\(index)-photo.jpg"
            #expect(try DurableFile.read(at: run.path.appending(path), limit: 10) == bytes.map { UInt8($0) })
        }
        box.removeEvidence(Self.id)
        #expect(try DurableFile.list(run.requests) == [Self.id])
        // The runner that took them was killed before it said so.
        #expect(try box.keepEvidence(of: accepted) == nil)
    }

    @Test func `a file that is not what the request says is not kept`() throws {
        let accepted = try left([[1, 2]], said: [EvidenceFile(name: "a", bytes: [1, 3])])
        #expect(try box.keepEvidence(of: accepted) == "evidence a is not what the request says")
        #expect(try FileStatus.ifPresent(at: run.path.appending("evidence")) == nil)
    }

    @Test func `a link to somebody's file is no evidence`() throws {
        let secret = state.path.appending("secret")
        try DurableFile.create(at: secret, with: [7])
        let accepted = try left([], said: [EvidenceFile(name: "a", bytes: [7])])
        let beside = run.requests.appending(".\(Self.id).0")
        try FileManager.default.createSymbolicLink(atPath: beside.string, withDestinationPath: secret.string)
        #expect(try box.keepEvidence(of: accepted)?.hasPrefix("evidence a") == true)
    }

    @Test(arguments: ["../../x", "a/b", "", ".", "ümläut", "a\u{1B}[2J"]) func `names lead nowhere`(name: String) throws
    {
        let file = EvidenceFile(name: name, bytes: [])
        #expect(file.isPlain && !file.name.contains("/"))
        #expect(file.path(request: "q", index: 3) == "evidence/q-3-\(file.name)")
        var other = file
        other.name = "../" + other.name
        let accepted = try left([[]], said: [other])
        #expect(try box.keepEvidence(of: accepted) == "evidence 1 has no plain name")
    }
}
