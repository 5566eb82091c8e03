package import DRCrypto
internal import DRJSON
package import DRRunbook

/// What somebody signed with an SSH key, with the signature (`ssh-keygen -Y sign -n drctl`).
package struct SignedStatement: Codable, Sendable, Equatable {
    /// The namespace that signatures are made in, so that one made for something else counts for nothing here.
    package static let namespace = "drctl"

    /// The exact text, an `ApprovalStatement` as JSON.
    package var statement: String
    /// The armoured SSHSIG over the statement's bytes.
    package var signature: String

    package init(statement: String, signature: String) {
        self.statement = statement
        self.signature = signature
    }
}

/// An approval as it is signed: bound to run, plan, step and the card that was shown, which it also tells in words.
package struct ApprovalStatement: Codable, Sendable, Equatable {
    package static let schema = "drctl.approval/1"

    package var schema: String
    /// The request's id: a statement counts once.
    package var id: String
    package var run: String
    package var plan: Digest
    package var step: StepID
    package var card: Digest
    /// What the card says, for the one who signs.
    package var text: String
    package var comment: String?
    package var breakGlass: Bool

    /// The approval of a card that is shown.
    package init(
        id: String, run: String, plan: Digest, card: Card, comment: String? = nil, breakGlass: Bool = false
    ) {
        schema = Self.schema
        self.id = id
        self.run = run
        self.plan = plan
        step = card.step
        self.card = card.digest
        text = card.text
        self.comment = comment
        self.breakGlass = breakGlass
    }

    /// The text that is signed: canonical JSON on one line.
    package func encoded() throws(MachineError) -> String {
        String(decoding: try EventCodec.canonical(self), as: UTF8.self) + "\n"
    }

    /// - Throws: `malformed` for what is no such text.
    package init(text: String) throws(MachineError) {
        do {
            self = try CanonicalJSON.decode(Self.self, from: Array(text.utf8))
        } catch {
            throw MachineError(.malformed, "not an approval: \(error)")
        }
    }

    /// The request that it stands for, left by the user `uid`.
    package func request(uid: UInt32, signed: SignedStatement) -> Request {
        var request = Request(
            id: id, run: run, uid: uid,
            ask: .approve(step: step, card: card, comment: comment, breakGlass: breakGlass))
        request.signed = signed
        return request
    }
}
