package import DRMachine
import DRSystem
import FoundationEssentials
package import SystemPackage

/// A run's `requests/`: where everybody but the runner says what they want, one file a request.
///
/// A request counts by the owner of its file, which the kernel wrote, and not by what it says of itself.
package struct RequestBox: Sendable {
    /// Larger requests are refused.
    package static let byteLimit = 64 << 10
    private static let mode: UInt32 = 0o640

    package let directory: FilePath
    package let run: String

    /// The box in this run's directory.
    package init(of run: RunDirectory) {
        directory = run.requests
        self.run = run.id
    }

    /// Leaves a request under its id. Durable on return: written, fsync, renamed, folder fsync.
    /// - Throws: `misuse` unless it names this run, this process's user and a proper id; `inputOutput`, with a hint,
    ///   where this user may not write to the folder.
    package func leave(_ request: Request) throws(JournalError) {
        guard request.run == run, request.uid == Host.effectiveUID, Self.isProper(request.id) else {
            throw JournalError(
                .misuse, "a request of user \(request.uid) to run \(request.run) cannot be left in run \(run)")
        }
        let bytes = try Self.encode(request)
        do throws(SystemError) {
            try FaultPoint.reach("request.beforeCreate")
            try DurableFile.create(at: directory.appending(request.id), with: bytes, mode: Self.mode)
        } catch {
            var failure = JournalError(error, while: "could not leave the request")
            if error.errno == .permissionDenied { failure.hint = "be the run's owner, or a member of the group drctl" }
            throw failure
        }
    }

    /// A file of the folder, judged.
    package enum Found: Sendable, Equatable {
        case accepted(AcceptedRequest)
        /// `ownerUID` is nil where not even that could be established.
        case refused(id: String, ownerUID: UInt32?, reason: String)

        package var id: String {
            switch self {
            case .accepted(let request): request.request.id
            case .refused(let id, _, _): id
            }
        }
    }

    /// All that lies in the folder, by name; what is still being written (its name begins with a dot) is left out.
    package func pending() throws(JournalError) -> [Found] {
        let names = try journaling("could not list the requests") { () throws(SystemError) in
            try DurableFile.list(directory)
        }
        return names.filter { !$0.hasPrefix(".") }.compactMap { judge($0) }
    }

    /// Removes a request once it is journaled. One that is gone already was removed before a crash.
    package func remove(_ id: String) throws(JournalError) {
        do throws(SystemError) {
            try DurableFile.remove(directory.appending(id))
        } catch {
            if error.errno != .noSuchFileOrDirectory {
                throw JournalError(error, while: "could not remove the request")
            }
        }
    }

    /// The bytes of a request as they are written.
    package static func encode(_ request: Request) throws(JournalError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes: [UInt8]
        do {
            bytes = Array(try encoder.encode(request))
        } catch {
            throw JournalError(.misuse, "the request cannot be written as JSON: \(error)")
        }
        guard bytes.count <= byteLimit else {
            throw JournalError(
                .tooLarge, "the request has \(bytes.count) bytes, more than \(byteLimit)",
                hint: "shorten the texts, and name evidence by path instead of quoting it")
        }
        return bytes
    }

    private static func isProper(_ id: String) -> Bool {
        id.utf8.count == 32 && id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// nil when the file is gone by now.
    private func judge(_ name: String) -> Found? {
        var owner: UInt32?
        func refused(_ reason: String) -> Found { .refused(id: name, ownerUID: owner, reason: reason) }
        do throws(SystemError) {
            // Not blocking: the file may be a pipe that nobody writes to.
            let file = try Descriptor(openingForReading: directory.appending(name), following: false)
            let status = try file.status()
            owner = status.ownerUID
            guard status.kind == .regular else { return refused("it is not a regular file") }
            guard status.links == 1 else { return refused("the file has \(status.links) names") }
            guard status.permissions == Self.mode else {
                return refused("the file's mode is 0\(String(status.permissions, radix: 8)), not 0640")
            }
            let bytes = try file.readAll(limit: Self.byteLimit)
            return accept(bytes, name: name, owner: status.ownerUID)
                ?? refused(Self.defect(bytes, name, run, status.ownerUID))
        } catch {
            if error.errno == .noSuchFileOrDirectory { return nil }
            return refused(error.message)
        }
    }

    private func accept(_ bytes: [UInt8], name: String, owner: UInt32) -> Found? {
        guard let text = String(validating: bytes, as: UTF8.self),
            let request = try? JSONDecoder().decode(Request.self, from: Data(bytes)),
            Self.isProper(name), request.id == name, request.run == run, request.uid == owner
        else { return nil }
        return .accepted(AcceptedRequest(request: request, ownerUID: owner, bytes: text))
    }

    private static func defect(_ bytes: [UInt8], _ name: String, _ run: String, _ owner: UInt32) -> String {
        guard let request = try? JSONDecoder().decode(Request.self, from: Data(bytes)) else {
            return "it is not a request that this drctl understands"
        }
        if request.run != run { return "it is meant for run \(request.run)" }
        if request.uid != owner { return "it names user \(request.uid), but user \(owner) wrote it" }
        return "it says that its id is \(request.id)"
    }
}
