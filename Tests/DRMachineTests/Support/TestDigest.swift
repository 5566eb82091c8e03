import DRCrypto

/// The digest whose hexadecimal text repeats two digits.
func testDigest(_ pair: String) -> Digest {
    guard let digest = Digest(hex: String(repeating: pair, count: 32)) else {
        preconditionFailure("two hexadecimal digits are needed, not \(pair)")
    }
    return digest
}
