/// The layout of a pack, from its first byte to its last:
///
///     magic · sealed objects · filler · directory · origins · footer
///
/// - magic: the 8 bytes `drctlpk` and the format's number (1);
/// - sealed objects: each `ciphertext ‖ tag`, back to back, in the order of their offsets;
/// - filler: random bytes, so that the whole pack is a multiple of 64 KiB and nobody sees where the objects end;
/// - directory: a sealed box under the list key with an entry per object, padded inside to a multiple of 1 KiB;
/// - origins: in clear, what the keys of the objects are derived from, with the sealed run keys;
/// - footer: the lengths of directory and origins (4 bytes each) and the magic again.
///
/// A pack is named by the SHA-256 of all its bytes.
package enum PackLayout {
    package static let magic: [UInt8] = RepositoryFormat.magic("drctlpk")
    package static let footerBytes = 16
    package static let granularityBytes = 64 << 10
    package static let directoryGranularityBytes = 1 << 10

    /// A pack is closed when its objects take this much; with the last object, directory and filler it stays below
    /// `maximumPackBytes`.
    package static let targetObjectBytes = 16 << 20
    package static let maximumPackBytes = 32 << 20
    /// The longest body of an object.
    package static let maximumObjectBytes = 8 << 20
    /// Origins, directory and their like are refused above this before memory is given to them.
    package static let maximumDirectoryBytes = 8 << 20

    static func roundedUp(_ count: Int, to granularity: Int) -> Int {
        (count + granularity - 1) / granularity * granularity
    }
}
