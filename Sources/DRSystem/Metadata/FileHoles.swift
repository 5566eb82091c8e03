internal import CLinux
internal import Glibc
internal import SystemPackage

/// A part of a file that reads as zeros and takes no space.
package struct FileHole: Hashable, Sendable {
    package var offsetBytes: Int64
    /// At least 1.
    package var lengthBytes: Int64

    package var endBytes: Int64 { offsetBytes + lengthBytes }

    package init(offsetBytes: Int64, lengthBytes: Int64) {
        self.offsetBytes = offsetBytes
        self.lengthBytes = lengthBytes
    }
}

/// Gathers holes in order. Where there are more than so many the short ones are left out: they are kept as the zeros
/// that they read as.
package struct HoleList {
    /// What was gathered.
    package private(set) var holes: [FileHole] = []
    private let most: Int
    private let floorBytes: Int64
    private var leastBytes: Int64 = 1

    /// - Parameter leastBytes: where there are more than `most`, those below it are left out first.
    package init(most: Int, leastBytes: Int64) {
        self.most = most
        floorBytes = leastBytes
    }

    /// Takes the next; it must lie behind the last.
    package mutating func add(_ hole: FileHole) {
        if hole.lengthBytes >= leastBytes { holes.append(hole) }
        if holes.count > most {
            let least = max(floorBytes, leastBytes * 2)
            leastBytes = least
            holes.removeAll { $0.lengthBytes < least }
        }
    }
}

extension OpenFile {
    /// The holes in order; none where the file system does not tell them.
    ///
    /// - Parameters:
    ///   - sizeBytes: the file's size; a hole at its end ends there.
    ///   - mostHoles: where there are more, the short ones are left out, at first those below `leastBytes`.
    package func holes(sizeBytes: Int64, mostHoles: Int, leastBytes: Int64) throws(SystemError) -> [FileHole] {
        var list = HoleList(most: mostHoles, leastBytes: leastBytes)
        var position: Int64 = 0
        while position < sizeBytes {
            let start: Int64
            do throws(SystemError) {
                start = Int64(try attempt("look for holes in", nil) { clinux_seek_hole(descriptor, Int(position)) })
            } catch {
                guard error.errno == .invalidArgument || error.errno == .noSuchAddressOrDevice else { throw error }
                return list.holes
            }
            guard start < sizeBytes else { break }
            var end = sizeBytes
            do throws(SystemError) {
                end = Int64(try attempt("look for holes in", nil) { clinux_seek_data(descriptor, Int(start)) })
            } catch {
                // No data behind the offset: the hole reaches to the end.
                guard error.errno == .noSuchAddressOrDevice else { throw error }
            }
            end = min(end, sizeBytes)
            if end > start { list.add(FileHole(offsetBytes: start, lengthBytes: end - start)) }
            // A file that is written to meanwhile must not hold this loop up.
            guard end > position else { break }
            position = end
        }
        return list.holes
    }

    /// Whether a part of the file reads as zeros. What is a hole is not read. The position moves.
    package func isZeros(_ part: FileHole) throws(SystemError) -> Bool {
        var position = part.offsetBytes
        while position < part.endBytes {
            do throws(SystemError) {
                position = Int64(try attempt("look for data in", nil) { clinux_seek_data(descriptor, Int(position)) })
            } catch {
                if error.errno == .noSuchAddressOrDevice { return true }
                guard error.errno == .invalidArgument else { throw error }
                try seek(to: position)
            }
            guard position < part.endBytes else { return true }
            var bytes: [UInt8] = []
            let count = try read(upTo: Int(min(part.endBytes - position, 1 << 20)), appendingTo: &bytes)
            guard count > 0 else { return true }
            if bytes.contains(where: { $0 != 0 }) { return false }
            position += Int64(count)
        }
        return true
    }
}
