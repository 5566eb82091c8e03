import DRCrypto

extension SecretBytes {
    /// A copy in ordinary memory, for a file that is about to be written at mode 0600.
    func copiedBytes() -> [UInt8] {
        withBytes { span in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(span.count)
            for index in 0..<span.count { bytes.append(span[index]) }
            return bytes
        }
    }
}
