internal import CArchive
internal import DRSystem

/// One member of a tar archive.
package struct TarEntry: Hashable, Sendable {
    /// Names joined with `/`, of any encoding. What a reader gives is as it stands in the archive: check it before
    /// anything is made from it.
    package var path: [UInt8]
    package var metadata: FileMetadata
    /// The path of an earlier member that this one is another name of; its content is not repeated.
    package var hardLinkTarget: [UInt8]?

    package init(path: [UInt8], metadata: FileMetadata, hardLinkTarget: [UInt8]? = nil) {
        self.path = path
        self.metadata = metadata
        self.hardLinkTarget = hardLinkTarget
    }

    /// How many bytes of content follow.
    package var contentBytes: Int64 {
        metadata.kind == .regular && hardLinkTarget == nil ? metadata.sizeBytes : 0
    }
}

extension FileKind {
    /// libarchive's AE_IF… values, which are those of the classic mode bits.
    var archiveType: UInt32 {
        switch self {
        case .regular: 0o100000
        case .directory: 0o040000
        case .symbolicLink: 0o120000
        case .characterDevice: 0o020000
        case .blockDevice: 0o060000
        case .fifo: 0o010000
        case .socket: 0o140000
        }
    }

    init?(archiveType: UInt32) {
        guard let kind = FileKind.allCases.first(where: { $0.archiveType == archiveType }) else { return nil }
        self = kind
    }
}
