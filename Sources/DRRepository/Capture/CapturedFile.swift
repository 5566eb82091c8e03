internal import DRArchive
internal import DRSystem

/// What a snapshot holds of a regular file.
struct CapturedFile {
    var metadata: FileMetadata
    /// Of its data; holes have none.
    var pieces: [FilePiece]
}
