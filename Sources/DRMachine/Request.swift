package import DRCrypto
package import DRRunbook

/// What a person (or another process) asks of a run; a file in `requests/` until the runner journals it.
package struct Request: Codable, Sendable, Equatable {
    /// Random, 32 hexadecimal digits; equal to the file's name.
    package var id: String
    package var run: String
    package var uid: UInt32
    package var ask: Ask
    /// The approval as somebody signed it; nil: it counts by the file's owner.
    package var signed: SignedStatement?
    /// Files that lie beside the request; nil: none.
    package var files: [EvidenceFile]?

    package init(id: String, run: String, uid: UInt32, ask: Ask) {
        self.id = id
        self.run = run
        self.uid = uid
        self.ask = ask
    }

    /// What is asked for.
    package enum Ask: Codable, Sendable, Equatable {
        /// `card` is the digest of the card that was shown; a different one is refused.
        case approve(step: StepID, card: Digest, comment: String?, breakGlass: Bool)
        case reject(step: StepID, card: Digest, reason: String)
        /// Answers held, manual and in-doubt steps alike.
        case resolve(step: StepID, as: Resolution, reason: String, inputs: [String: Value], evidence: [String])
        /// Somebody has seen the card and sees to it: nobody else is told of it.
        case acknowledge(step: StepID, card: Digest)
        case cancel(reason: String)
        /// The rollback that is asked for: do it, or leave everything as it is.
        case undo(reason: String)
        case commit(reason: String)
        case pause(reason: String)
        /// `confirmed`: finished steps that still hold although the machine was restarted; nil: none.
        case proceed(reason: String, confirmed: [StepID]?)
        case mark(clock: ClockName, service: String, at: Int64, basis: String)
        case note(text: String)
        case close(reason: String)
        /// A person's word that an owed cleanup step is taken care of.
        case settleCleanup(step: StepID, reason: String)
    }

    /// A person's answer to a step that is held, manual or in doubt.
    package enum Resolution: String, Codable, Sendable, CaseIterable { case retry, done, failed, skip }
}

/// A request with what the runner established about it.
package struct AcceptedRequest: Codable, Sendable, Equatable {
    package var request: Request
    /// The inode's owner.
    package var ownerUID: UInt32
    /// The exact bytes of the file.
    package var bytes: String
    /// The plan's person whose signature was checked; nil where nothing is signed.
    package var signer: String?

    package init(request: Request, ownerUID: UInt32, bytes: String, signer: String? = nil) {
        self.request = request
        self.ownerUID = ownerUID
        self.bytes = bytes
        self.signer = signer
    }
}
