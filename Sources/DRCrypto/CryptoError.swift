/// What went wrong in DRCrypto, in a form that a caller can act on and a person can read.
///
/// No message ever holds key material, plaintext or a passphrase.
package struct CryptoError: Error, Sendable {
    /// The class of a failure. Callers decide by it; texts may change.
    package enum Code: String, Sendable, CaseIterable {
        /// libcrypto refused a call that should have worked.
        case library
        /// A caller's argument has a length or value that the algorithm does not take.
        case invalidArgument
        /// Ciphertext, tag, associated data, nonce and key do not belong together. Nothing was released.
        case notAuthentic
        /// A signature does not fit the message and the key.
        case badSignature
        /// A public key that cannot take part in a key agreement (a low-order point).
        case weakPublicKey
        /// More work, memory or bytes than the limit that was set.
        case overLimit
        /// Text or bytes that are not of the format they should be of.
        case malformed
        /// A well-formed file of a version or kind that is not supported.
        case unsupported
        /// None of the identities given opens this age file.
        case noMatchingIdentity
        /// The passphrase does not open this age file.
        case wrongPassphrase
        /// The age header opened, but its MAC does not fit: it was changed after it was written.
        case headerNotAuthentic
        /// The age payload was changed, cut or extended.
        case payloadNotAuthentic
        /// Fewer shares of a secret than it takes.
        case incomplete
    }

    /// What to decide by.
    package let code: Code
    /// What failed, and where.
    package let message: String
    /// What to do next; nil where nothing useful can be said.
    package let hint: String?
    /// The error underneath, if any.
    package let cause: (any Error)?

    /// An error of this room; for the fields see above.
    package init(_ code: Code, _ message: String, hint: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }
}

extension CryptoError: CustomStringConvertible {
    /// The message, and the hint if there is one.
    package var description: String {
        guard let hint else { return message }
        return "\(message); \(hint)"
    }
}
