extension [UInt8] {
    /// A copy of some bytes that somebody else holds.
    package init(copying bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
    }
}
