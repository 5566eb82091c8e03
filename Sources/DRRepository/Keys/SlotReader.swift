internal import DRCrypto

/// Whom a slot is for.
///
/// A passphrase does not open slots itself: it opens an identity of its own, to which the slots of all epochs are sealed.
/// So an epoch can be started by somebody who does not know it.
struct SlotReader: Sendable {
    private let kind: SlotRecord.Kind
    private let label: String
    private let recipient: AgeRecipient
    private let recipientText: String
    private let passphrase: PassphraseRecord?
    /// What has to be stored beside the slot: a new passphrase's identity.
    let file: SealedKeyFile?

    private static let leastWorkFactor = 17

    /// Who has a slot already.
    init(_ slot: SlotRecord) throws(RepositoryError) {
        kind = slot.kind
        label = slot.label
        recipient = try DRRepository.recipient(slot.recipient)
        recipientText = slot.recipient
        passphrase = slot.passphrase
        file = nil
    }

    /// Who gets a first slot.
    /// - Throws: `invalidArgument` for what is no recipient, or a work factor that is too small.
    init(_ reader: NewRepository.Reader, in place: KeyPlace) throws(RepositoryError) {
        switch reader {
        case .recipient(let text, let label):
            kind = .recipient
            self.label = label ?? text
            recipient = try DRRepository.recipient(text)
            recipientText = text
            passphrase = nil
            file = nil
        case .passphrase(let secret, let label, let workFactor):
            guard workFactor >= Self.leastWorkFactor else {
                throw RepositoryError(
                    .invalidArgument,
                    "a work factor of \(workFactor) is too small: \(Self.leastWorkFactor) is the least")
            }
            let lock: AgeRecipient
            do throws(CryptoError) {
                lock = try .passphrase(secret, workFactor: workFactor)
            } catch {
                throw RepositoryError(.invalidArgument, error.message, hint: error.hint ?? "", cause: error)
            }
            let (identity, text) = try newIdentity()
            kind = .passphrase
            self.label = label
            recipient = try DRRepository.recipient(text)
            recipientText = text
            let file = place.file(
                "passphrase",
                try AgeFile.seal("# public key: \(text)\n\(secret: try identityText(identity))\n", to: [lock]))
            self.file = file
            passphrase = PassphraseRecord(epoch: place.epoch, file: file.file.digest)
        }
    }

    /// The reader's slot in an epoch.
    func slot(
        _ identities: [UInt32: AgeIdentity], of place: KeyPlace
    ) throws(RepositoryError) -> (record: SlotRecord, file: SealedKeyFile) {
        let file = place.file("slot", try EpochSlot.seal(identities, of: place, to: recipient))
        let record = SlotRecord(
            domain: place.domain, epoch: place.epoch, file: file.file.digest, kind: kind, label: label,
            recipient: recipientText, passphrase: passphrase)
        return (record, file)
    }
}

/// An age recipient from its text.
/// - Throws: `invalidArgument`.
func recipient(_ text: String) throws(RepositoryError) -> AgeRecipient {
    do throws(CryptoError) {
        return try AgeRecipient(text)
    } catch {
        throw RepositoryError(.invalidArgument, error.message, hint: error.hint ?? "", cause: error)
    }
}

/// A new age identity, and its recipient's text.
func newIdentity() throws(RepositoryError) -> (identity: AgeIdentity, recipient: String) {
    do throws(CryptoError) {
        let identity = try AgeIdentity.generate()
        guard let text = identity.recipient?.text else { throw CryptoError(.library, "it has no recipient") }
        return (identity, text)
    } catch {
        throw RepositoryError(.internalFault, "no identity could be made: \(error.message)", cause: error)
    }
}
