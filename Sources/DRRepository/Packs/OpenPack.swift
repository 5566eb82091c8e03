internal import DRCrypto
internal import Synchronization

/// A pack that objects are being sealed into. Workers reserve a region and a slot, seal there, and say when done.
final class OpenPack: Sendable {
    struct Reservation {
        let slot: UInt32
        let region: Range<Int>
    }

    /// An object that was sealed, and what its body's fingerprint must be when it is read back.
    struct Sealed: Sendable {
        let entry: PackEntry
        let fingerprint: PackFingerprint
    }

    private struct State {
        var end = PackLayout.magic.count
        var slots: UInt32 = 0
        var unfinished = 0
        var isFull = false
        var sealed: [Sealed] = []
        /// Entries and links make the directory long; a pack of very small objects is closed by that.
        var directoryBytes = 0
    }

    let buffer: PackBuffer
    let origin: PackOrigin
    let key: SecretBytes
    private let targetObjectBytes: Int
    private let state = Mutex(State())

    /// Draws the pack's salt and derives its key.
    init(
        _ runKey: RunKey, sealedRunKey: [UInt8], buffer: PackBuffer, targetObjectBytes: Int
    ) throws(RepositoryError) {
        self.targetObjectBytes = min(targetObjectBytes, PackLayout.targetObjectBytes)
        let salt = try randomBytes(DerivedKey.saltByteCount)
        let derived = try runKey.packKey(salt: salt)
        key = derived.key
        origin = PackOrigin(
            epoch: runKey.context.epoch, run: runKey.context.run, host: runKey.context.host, salt: salt,
            commitment: derived.commitment, sealedRunKey: sealedRunKey)
        self.buffer = buffer
        buffer.write(PackLayout.magic, at: 0)
    }

    /// Takes a region for so many sealed bytes, and a slot that no other object of this pack gets.
    /// - Returns: nil when the pack is full.
    func reserve(storedBytes: Int, links: Int) -> Reservation? {
        state.withLock { state in
            guard !state.isFull else { return nil }
            let region = state.end..<(state.end + storedBytes)
            let slot = state.slots
            state.end = region.upperBound
            state.slots += 1
            state.unfinished += 1
            state.directoryBytes += 88 + 33 * links
            state.isFull =
                state.end >= targetObjectBytes
                || state.directoryBytes >= PackLayout.maximumDirectoryBytes / 8
            return Reservation(slot: slot, region: region)
        }
    }

    /// Ends a reservation.
    /// - Returns: true for exactly one caller: the pack is full and everything in it is sealed.
    func finish(_ sealed: Sealed) -> Bool {
        state.withLock { state in
            state.sealed.append(sealed)
            state.unfinished -= 1
            return state.isFull && state.unfinished == 0
        }
    }

    /// Takes no more objects from now on, for the end of a run, when nobody reserves any longer.
    /// - Returns: true when there is something in it that `finish` did not hand over already.
    func close() -> Bool {
        state.withLock { state in
            let wasOpen = !state.isFull
            state.isFull = true
            return wasOpen && !state.sealed.isEmpty
        }
    }

    /// What was sealed, by offset, and where the objects end.
    var contents: (sealed: [Sealed], end: Int) {
        state.withLock { state in
            (state.sealed.sorted { $0.entry.offsetBytes < $1.entry.offsetBytes }, state.end)
        }
    }
}
