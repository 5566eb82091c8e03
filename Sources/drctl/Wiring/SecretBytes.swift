import DRCrypto
import DRSystem
import SystemPackage

extension SecretBytes {
    /// What `read` puts into memory that is kept for secrets.
    /// - Parameter read: fills bytes from the first on, and says how many there were.
    /// - Returns: nil when there were more than `limit`.
    static func read(
        limit: Int, _ read: (inout MutableSpan<UInt8>) throws(SystemError) -> Int
    ) throws(SystemError) -> SecretBytes? {
        var count = Result<Int, SystemError>.success(0)
        let buffer: SecretBytes
        do throws(CryptoError) {
            buffer = try SecretBytes(count: limit + 1) { span throws(CryptoError) in
                do throws(SystemError) {
                    count = .success(try read(&span))
                } catch {
                    count = .failure(error)
                }
            }
        } catch {
            throw noMemory
        }
        let filled = try count.get()
        if filled > limit { return nil }
        do throws(CryptoError) {
            return try buffer.part(0..<filled)
        } catch {
            throw noMemory
        }
    }

    private static var noMemory: SystemError {
        SystemError(call: "malloc", path: "memory for a secret", errno: .noMemory)
    }

    /// Makes a file of mode 0600 that holds them, durable on return; one that is there already is left alone.
    func create(at path: FilePath) throws {
        try withBytes { bytes throws(SystemError) in try DurableFile.create(at: path, with: bytes, mode: 0o600) }
    }
}
