package import DRCrypto

/// A runbook that is part of another one: what its last step is, which is over when all the others are.
package struct SubRunbook: Codable, Sendable, Equatable {
    /// Its file's path from the outermost runbook's folder.
    package var file: String
    package var name: String
    package var title: String
    /// SHA-256 of its file's exact bytes; nil where it was not read.
    package var digest: Digest?
    /// What it was given.
    package var inputs: [String: Template]

    package init(
        file: String, name: String = "", title: String = "", digest: Digest? = nil, inputs: [String: Template] = [:]
    ) {
        self.file = file
        self.name = name
        self.title = title
        self.digest = digest
        self.inputs = inputs
    }
}
