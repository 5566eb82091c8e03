/// SLIP-0039: a secret in shares of words, of which so many give it back and fewer say nothing of it. Shares of one group
/// are made; sets of several are read too.
package enum SLIP39 {
    /// The most shares of a secret.
    package static let mostShares = 16

    private static let secretPlace: UInt8 = 255
    private static let digestPlace: UInt8 = 254
    private static let digestByteCount = 4

    /// - Parameters:
    ///   - secret: at least 16 bytes, an even number.
    ///   - threshold: how many shares give the secret back; 1 only of one share.
    ///   - passphrase: of the standard, in ASCII; another one gives another secret and no error. drctl uses none.
    /// - Throws: `invalidArgument` for numbers that do not go together; `library`.
    package static func split(
        _ secret: SecretBytes, threshold: Int, shares count: Int, passphrase: [UInt8] = []
    ) throws(CryptoError) -> [SLIP39Share] {
        guard secret.count >= 16, secret.count % 2 == 0 else {
            throw CryptoError(
                .invalidArgument, "a secret of \(secret.count) bytes: SLIP-39 takes 16 or more, an even number")
        }
        guard (1...mostShares).contains(count), (1...count).contains(threshold), threshold > 1 || count == 1 else {
            throw CryptoError(
                .invalidArgument, "\(threshold) of \(count) shares cannot be",
                hint: "give at most \(mostShares) shares, and a threshold from 2 to their number")
        }
        let family = SLIP39Share.Family(
            identifier: UInt16(truncatingIfNeeded: try SecureRandom.word()) & 0x7fff, isExtendable: true,
            iterationExponent: 1, groupThreshold: 1, groupCount: 1)
        let shared = try feistel(secret, family, passphrase, rounds: [0, 1, 2, 3])
        return try points(shared, threshold: threshold, count: count).map {
            SLIP39Share(
                family: family, groupIndex: 0, memberIndex: Int($0.x), memberThreshold: threshold, value: $0.value)
        }
    }

    /// - Parameter shares: of one secret, in any order; what is more than needed is not used.
    /// - Throws: `incomplete` saying how many more are needed; `invalidArgument` for shares that do not belong together;
    ///   `notAuthentic` where they give something that was never shared.
    package static func combine(
        _ shares: [SLIP39Share], passphrase: [UInt8] = []
    ) throws(CryptoError) -> SecretBytes {
        guard let first = shares.first else { throw CryptoError(.incomplete, "no share was given") }
        guard shares.allSatisfy({ $0.family == first.family }) else {
            throw CryptoError(
                .invalidArgument, "the shares are not of one set",
                hint: "shares of one set begin with the same two words")
        }
        var complete: [GF256.Point] = []
        var lacking: [(group: Int, has: Int, needs: Int)] = []
        let groups = Dictionary(grouping: shares, by: \.groupIndex).sorted { $0.key < $1.key }
        for (index, members) in groups {
            let members = try distinct(members)
            let needed = members[0].memberThreshold
            guard members.count >= needed else {
                lacking.append((index, members.count, needed))
                continue
            }
            let points = members.prefix(needed).map { GF256.Point(x: UInt8($0.memberIndex), value: $0.value) }
            complete.append(GF256.Point(x: UInt8(index), value: try shared(points)))
        }
        let needed = first.family.groupThreshold
        guard complete.count >= needed else { throw incomplete(first.family, complete.count, lacking) }
        guard Set(complete.map(\.value.count)).count == 1 else { throw foreign }
        return try feistel(
            try shared(Array(complete.prefix(needed))), first.family, passphrase, rounds: [3, 2, 1, 0])
    }

    // MARK: Sets

    /// - Returns: the shares of a group without those given twice.
    private static func distinct(_ shares: [SLIP39Share]) throws(CryptoError) -> [SLIP39Share] {
        var kept: [SLIP39Share] = []
        for share in shares {
            guard share.memberThreshold == shares[0].memberThreshold, share.value.count == shares[0].value.count else {
                throw foreign
            }
            if let same = kept.first(where: { $0.memberIndex == share.memberIndex }) {
                guard same.value.equals(share.value) else { throw foreign }
            } else {
                kept.append(share)
            }
        }
        return kept
    }

    private static var foreign: CryptoError {
        CryptoError(.invalidArgument, "the shares are not of one set, though they begin alike")
    }

    private static func incomplete(
        _ family: SLIP39Share.Family, _ complete: Int, _ lacking: [(group: Int, has: Int, needs: Int)]
    ) -> CryptoError {
        if family.groupCount == 1, let group = lacking.first {
            return CryptoError(
                .incomplete,
                "\(group.has) of the \(group.needs) shares that are needed: \(group.needs - group.has) more",
                hint: "bring more shares of the same set, which begin with the same two words")
        }
        let parts = lacking.map { "group \($0.group + 1) has \($0.has) of \($0.needs) shares" }
        return CryptoError(
            .incomplete,
            (["\(complete) of the \(family.groupThreshold) groups that are needed are complete"] + parts)
                .joined(separator: "; "))
    }

    // MARK: Sharing

    /// The shared secret and its digest are points of the polynomial, the others are random.
    private static func points(
        _ shared: SecretBytes, threshold: Int, count: Int
    ) throws(CryptoError) -> [GF256.Point] {
        if threshold == 1 { return [GF256.Point(x: 0, value: shared)] }
        var points: [GF256.Point] = []
        for x in 0..<(threshold - 2) {
            points.append(GF256.Point(x: UInt8(x), value: try SecretBytes.random(count: shared.count)))
        }
        let random = try SecretBytes.random(count: shared.count - digestByteCount)
        let code = try digest(of: shared, random)
        let marked = try SecretBytes(count: shared.count) { bytes throws(CryptoError) in
            for offset in 0..<digestByteCount { bytes[offset] = code[offset] }
            random.withBytes { random in
                for offset in random.indices { bytes[digestByteCount + offset] = random[offset] }
            }
        }
        let base =
            points + [GF256.Point(x: digestPlace, value: marked), GF256.Point(x: secretPlace, value: shared)]
        for x in points.count..<count {
            points.append(GF256.Point(x: UInt8(x), value: try GF256.interpolate(base, at: UInt8(x))))
        }
        return points
    }

    /// The inverse, with as many points as the threshold.
    private static func shared(_ points: [GF256.Point]) throws(CryptoError) -> SecretBytes {
        if points.count == 1 { return points[0].value }
        let shared = try GF256.interpolate(points, at: secretPlace)
        let marked = try GF256.interpolate(points, at: digestPlace)
        let code = try digest(of: shared, try marked.part(digestByteCount..<marked.count))
        guard try marked.part(0..<digestByteCount).equals(try SecretBytes(copying: code)) else {
            throw CryptoError(
                .notAuthentic, "the shares do not fit together: what they give was never shared",
                hint: "one of them is of another set or was made up; try others")
        }
        return shared
    }

    private static func digest(of shared: SecretBytes, _ random: SecretBytes) throws(CryptoError) -> [UInt8] {
        var keyed = try HMACSHA256(key: random)
        return Array(shared.withBytes { keyed.code(of: $0) }.bytes.prefix(digestByteCount))
    }

    // MARK: Encryption: four rounds of Feistel's network

    private static func feistel(
        _ bytes: SecretBytes, _ family: SLIP39Share.Family, _ passphrase: [UInt8], rounds: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
        let half = bytes.count / 2
        var left = try bytes.part(0..<half)
        var right = try bytes.part(half..<(2 * half))
        let salt =
            family.isExtendable
            ? [] : SLIP39Share.customization(false) + [UInt8(family.identifier >> 8), UInt8(family.identifier & 255)]
        for round in rounds {
            let mask = try PBKDF2.sha256(
                password: try SecretBytes(copying: [round] + passphrase), salt: try joined(salt, right),
                iterations: 2500 << UInt64(family.iterationExponent), count: half)
            (left, right) = (right, try xor(left, mask))
        }
        return try SecretBytes(count: 2 * half) { result throws(CryptoError) in
            for (start, part) in [(0, right), (half, left)] {
                part.withBytes { part in
                    for offset in part.indices { result[start + offset] = part[offset] }
                }
            }
        }
    }

    private static func joined(_ start: [UInt8], _ end: SecretBytes) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: start.count + end.count) { bytes throws(CryptoError) in
            for (offset, byte) in start.enumerated() { bytes[offset] = byte }
            end.withBytes { end in
                for offset in end.indices { bytes[start.count + offset] = end[offset] }
            }
        }
    }

    private static func xor(_ one: SecretBytes, _ other: SecretBytes) throws(CryptoError) -> SecretBytes {
        try SecretBytes(count: one.count) { bytes throws(CryptoError) in
            one.withBytes { one in
                other.withBytes { other in
                    for offset in one.indices { bytes[offset] = one[offset] ^ other[offset] }
                }
            }
        }
    }
}
