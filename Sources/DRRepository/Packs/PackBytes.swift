extension Span where Element == UInt8 {
    /// The bytes in an array of their own.
    func copied() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            unsafe withUnsafeBufferPointer { source in
                initialized = unsafe buffer.update(fromContentsOf: source)
            }
        }
    }
}
