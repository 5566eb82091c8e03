extension ObjectNaming {
    /// The id of a chunk that lies in memory the caller owns.
    package func chunkID(of content: UnsafeRawBufferPointer) -> ObjectID {
        unsafe chunkID(of: content.bindMemory(to: UInt8.self).span)
    }
}
