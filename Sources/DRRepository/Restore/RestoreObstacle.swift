internal import DRArchive
internal import DRSystem
internal import SystemPackage

/// What is in the way of an entry that is no directory.
enum RestoreObstacle {
    case none
    /// By the request's rule.
    case stays
    case isReplaced
}

extension RestoreRequest {
    /// What becomes of what has an entry's name. Where the target must be empty there is nothing to ask.
    func obstacle(
        to metadata: FileMetadata, _ name: FileName, in directory: borrowing DirectoryHandle
    ) throws(SystemError) -> RestoreObstacle {
        if overwrite == .refuse { return .none }
        let status: EntryStatus
        do throws(SystemError) { status = try directory.status(of: name) } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return .none
        }
        if overwrite == .never { return .stays }
        guard overwrite == .changed, status.kind == metadata.kind else { return .isReplaced }
        let isSame =
            switch status.kind {
            case .regular: status.sizeBytes == metadata.sizeBytes && status.modified == metadata.modified
            case .symbolicLink: try directory.target(ofLink: name) == metadata.linkTarget
            default: false
            }
        return isSame ? .stays : .isReplaced
    }
}
