package import DRCrypto

/// What somebody saw of a repository at some time: the end of its config chain and of each log. Kept outside the
/// repository, it shows later whether the repository went back behind it.
package struct Anchor: Codable, Hashable, Sendable {
    package let repository: Digest
    package let config: ChainHead
    package let logs: [LogEntry.SeenHead]

    package init(repository: Digest, config: ChainHead, logs: [LogEntry.SeenHead]) {
        self.repository = repository
        self.config = config
        self.logs = logs
    }

    /// As of now.
    package init(of repository: Repository, ledger: Ledger) {
        self.init(repository: repository.id, config: repository.config.head, logs: ledger.heads)
    }

    /// Whether everything that was seen is still there.
    package func verdict(on repository: Repository, ledger: Ledger) -> Verdict {
        guard repository.id == self.repository else {
            return .doesNotHold("the anchor is of repository \(self.repository), this is \(repository.id)")
        }
        guard repository.config.head.number >= config.number else {
            return .doesNotHold(
                "the owner's chain ends at entry \(repository.config.head.number); the anchor saw entry \(config.number)"
            )
        }
        guard let seen = repository.config.payloads[config.number], seen == config.payload else {
            return .doesNotHold("entry \(config.number) of the owner's chain is another than the anchor saw")
        }
        for head in logs where !ledger.holds(head) {
            return .doesNotHold(
                "entry \(head.counter) of the log of \(repository.hostName(of: head.signer)), which the anchor saw, is gone or another"
            )
        }
        return .holds
    }
}
