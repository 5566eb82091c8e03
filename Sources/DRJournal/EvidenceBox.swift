import DRCrypto
package import DRMachine
import DRSystem
import SystemPackage

// Files that belong to a request: left beside it, and kept in the run's `evidence/` once the runner has seen that they
// are what the request says.
extension RequestBox {
    /// Leaves a request with its files, which are there before it is. Durable on return.
    /// - Parameter files: the contents of `request.files`, in order.
    /// - Throws: as `leave` without files.
    package func leave(_ request: Request, files: [[UInt8]]) throws(JournalError) {
        for (index, bytes) in files.enumerated() {
            try journaling("could not leave the evidence") { () throws(SystemError) in
                try DurableFile.create(at: left(request.id, index), with: bytes, mode: 0o640)
            }
        }
        try leave(request)
    }

    /// Takes the files of a request into the run's directory. Durable on return; one that is there already was taken
    /// before a crash.
    /// - Returns: why they are not what the request says; nil: they are.
    /// - Throws: where they can be read and not kept.
    package func keepEvidence(of accepted: AcceptedRequest) throws(JournalError) -> String? {
        let files = accepted.request.files ?? []
        guard files.count <= EvidenceFile.maximumCount else { return "it has \(files.count) files of evidence" }
        for (index, file) in files.enumerated() {
            guard file.isPlain else { return "evidence \(index + 1) has no plain name" }
            let kept = evidence.appending(
                String(file.path(request: accepted.request.id, index: index).split(separator: "/").last ?? ""))
            if let there = try? DurableFile.read(at: kept, limit: EvidenceFile.byteLimit),
                Digest.of(there) == file.sha256
            {
                continue
            }
            let bytes: [UInt8]
            do throws(SystemError) {
                let open = try Descriptor(openingForReading: left(accepted.request.id, index), following: false)
                let status = try open.status()
                guard status.kind == .regular, status.links == 1, status.ownerUID == accepted.ownerUID else {
                    return "evidence \(file.name) is not a file of the one who asks"
                }
                bytes = try open.readAll(limit: EvidenceFile.byteLimit)
            } catch {
                return "evidence \(file.name) cannot be read: \(error.message)"
            }
            guard Digest.of(bytes) == file.sha256, Int64(bytes.count) == file.sizeBytes else {
                return "evidence \(file.name) is not what the request says"
            }
            try journaling("could not keep evidence") { () throws(SystemError) in
                if try FileStatus.ifPresent(at: evidence) == nil {
                    try DurableFile.makeDirectory(at: evidence, mode: 0o700)
                }
                try DurableFile.create(at: kept, with: bytes)
            }
        }
        return nil
    }

    /// Removes what was left of files beside a request that was answered.
    package func removeEvidence(_ id: String) {
        for index in 0..<EvidenceFile.maximumCount where (try? DurableFile.remove(left(id, index))) == nil { return }
    }

    private var evidence: FilePath { directory.removingLastComponent().appending("evidence") }

    /// Its dot keeps it from being taken for a request.
    private func left(_ id: String, _ index: Int) -> FilePath { directory.appending(".\(id).\(index)") }
}
