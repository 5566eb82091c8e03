/// How long the chunks of files are. Part of what an id means: two writers deduplicate only when they agree on it.
package struct ChunkerParameters: Hashable, Sendable {
    /// A file up to this size is one chunk; no chunk but a file's last is shorter.
    package let minimumBytes: Int
    /// The length that cuts aim at; a power of two.
    package let averageBytes: Int
    /// No chunk is longer.
    package let maximumBytes: Int

    /// 256 KiB, 1 MiB, 4 MiB: what repositories use.
    package static let standard = ChunkerParameters(256 << 10, 1 << 20, 4 << 20)

    private init(_ minimumBytes: Int, _ averageBytes: Int, _ maximumBytes: Int) {
        self.minimumBytes = minimumBytes
        self.averageBytes = averageBytes
        self.maximumBytes = maximumBytes
    }

    /// - Returns: nil unless 64 ≤ minimum < average < maximum ≤ 8 MiB and the average is a power of two of at most
    ///   1 GiB, as the cut masks need it.
    package init?(minimumBytes: Int, averageBytes: Int, maximumBytes: Int) {
        guard minimumBytes >= 64, minimumBytes < averageBytes, averageBytes < maximumBytes,
            maximumBytes <= 8 << 20, averageBytes.nonzeroBitCount == 1
        else { return nil }
        self.init(minimumBytes, averageBytes, maximumBytes)
    }

    /// Bytes that differ whenever the parameters do, for caches that are bound to them.
    package var identity: [UInt8] {
        Array("drctl/0/fastcdc \(minimumBytes) \(averageBytes) \(maximumBytes)".utf8)
    }
}
