import Testing

@testable import DRCrypto

@Suite struct DSSETests {
    struct EncodingCase: Decodable { let name: String, type: String, payload: Hex, encoding: Hex }

    @Test func publishedEncodings() throws {
        for vector in try vectors("dsse-pae", of: EncodingCase.self) {
            let encoding = DSSEEnvelope.preAuthenticationEncoding(type: vector.type, payload: vector.payload.bytes)
            #expect(encoding == vector.encoding.bytes, "\(vector.name)")
        }
    }

    private static let type = "application/vnd.drctl.test+json"
    private static let payload = Array(#"{"verdict":"holds"}"#.utf8)

    private func key(_ byte: UInt8) throws -> Ed25519.PrivateKey {
        try Ed25519.PrivateKey(seed: secret([UInt8](repeating: byte, count: 32)))
    }

    @Test func whatIsSignedIsReadBack() throws {
        let keys = try [key(1), key(2)]
        let json = try DSSEEnvelope(signing: Self.payload, type: Self.type, keys: keys).encoded()
        let envelope = try DSSEEnvelope(parsing: json)
        let stranger = try key(3).publicKey
        for signer in keys {
            #expect(try envelope.payload(type: Self.type, verifiedBy: [stranger, signer.publicKey]) == Self.payload)
        }
        #expect(
            try envelope.signers(among: [keys[1].publicKey, stranger, keys[0].publicKey, keys[1].publicKey])
                == [keys[1].publicKey, keys[0].publicKey])
        #expect(
            failure { _ = try envelope.payload(type: Self.type, verifiedBy: [stranger]) }?.code == .badSignature)
        #expect(failure { _ = try envelope.payload(type: Self.type, verifiedBy: []) }?.code == .badSignature)
        #expect(
            failure { _ = try envelope.payload(type: "another", verifiedBy: [keys[0].publicKey]) }?.code == .malformed)
        #expect(try DSSEEnvelope(parsing: json).encoded() == json)
    }

    @Test func theBytesAreStable() throws {
        let envelope = try DSSEEnvelope(signing: [1, 2, 3], type: "a/b", keys: [key(1)])
        #expect(
            String(decoding: try envelope.encoded(), as: UTF8.self)
                == "{\"payload\":\"AQID\",\"payloadType\":\"a/b\",\"signatures\":[{\"keyid\":\"34750f98bd59fcfc946da45aaabe933be154a4b5094e1c4abf42866505f3c97e\",\"sig\":\"SFAXWgbGsiWs7drx0sNEpSO3Iy4wFYiKDEiprxVxfUj5+o1scZpmLKzuupzPnrgWqPbAsJuC6zhz06P7bfbXBw==\"}]}"
        )
    }

    /// A signature is for its payload and its type; the bytes of one cannot be passed off as the other's.
    @Test func anyOtherPayloadOrTypeIsRefused() throws {
        let signer = try key(1)
        let envelope = try DSSEEnvelope(signing: Self.payload, type: Self.type, keys: [signer])
        let json = String(decoding: try envelope.encoded(), as: UTF8.self)
        let otherType = json.replacing(Self.type, with: Self.type + "x")
        let forgedType = try DSSEEnvelope(parsing: Array(otherType.utf8))
        #expect(
            failure { _ = try forgedType.payload(type: Self.type + "x", verifiedBy: [signer.publicKey]) }?.code
                == .badSignature)
        for index in Self.payload.indices {
            var payload = Self.payload
            payload[index] ^= 1
            let forged = json.replacing(Base64.encode(Self.payload), with: Base64.encode(payload))
            let other = try DSSEEnvelope(parsing: Array(forged.utf8))
            #expect(
                failure { _ = try other.payload(type: Self.type, verifiedBy: [signer.publicKey]) }?.code
                    == .badSignature)
        }
    }

    /// The key id is a hint that nobody signed: a false one changes nothing.
    @Test func keyIDsDecideNothing() throws {
        let signer = try key(1)
        let envelope = try DSSEEnvelope(signing: Self.payload, type: Self.type, keys: [signer])
        let json = String(decoding: try envelope.encoded(), as: UTF8.self)
        let id = DSSEEnvelope.keyID(of: signer.publicKey)
        for replacement in [DSSEEnvelope.keyID(of: try key(2).publicKey), "", "\\u0000"] {
            let other = try DSSEEnvelope(parsing: Array(json.replacing(id, with: replacement).utf8))
            #expect(try other.payload(type: Self.type, verifiedBy: [signer.publicKey]) == Self.payload)
            #expect(
                failure { _ = try other.payload(type: Self.type, verifiedBy: [key(2).publicKey]) }?.code
                    == .badSignature)
        }
    }

    @Test func aForeignEnvelopeIsRead() throws {
        // No key id, a field that is not known, URL-safe base64, white space.
        let signer = try key(1)
        let payload: [UInt8] = [0xfb, 0xff, 0xfe]
        let envelope = try DSSEEnvelope(signing: payload, type: "t", keys: [signer])
        let signature = Base64.encode(envelope.signatures[0].bytes).replacing("+", with: "-").replacing("/", with: "_")
        let json =
            "{ \"new\": 1, \"signatures\": [ {\"sig\": \"\(signature)\"} ],\n \"payloadType\": \"t\", \"payload\": \"-__-\" }"
        let read = try DSSEEnvelope(parsing: Array(json.utf8))
        #expect(try read.payload(type: "t", verifiedBy: [signer.publicKey]) == payload)
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"payload":"AQID","payloadType":"t"}"#,
        #"{"payload":"AQID","payloadType":"t","signatures":[]}"#,
        #"{"payload":"AQI","payloadType":"t","signatures":[{"sig":"AQID"}]}"#,
        #"{"payload":"AQID","payloadType":"t","signatures":[{"sig":"AQI"}]}"#,
        #"{"payload":"AQID","payloadType":"t","signatures":[{"keyid":"x"}]}"#,
        #"{"payload":"AQID","payloadType":1,"signatures":[{"sig":"AQID"}]}"#,
        #"{"payload":"AQID","payloadType":"t","signatures":[{"sig":"AQID"}]"#,
        #"{"payload":"AQID","payloadType":"t","signatures":[{"sig":"AQID"}]} x"#,
    ])
    func whatIsNoEnvelopeIsRefused(json: String) {
        #expect(failure { _ = try DSSEEnvelope(parsing: Array(json.utf8)) }?.code == .malformed)
    }

    @Test func tooManySignaturesAreRefused() throws {
        let signatures = [String](repeating: #"{"sig":"AQID"}"#, count: 65).joined(separator: ",")
        let json = #"{"payload":"AQID","payloadType":"t","signatures":["# + signatures + "]}"
        #expect(failure { _ = try DSSEEnvelope(parsing: Array(json.utf8)) }?.code == .overLimit)
        #expect(failure { _ = try DSSEEnvelope(signing: [], type: "t", keys: []) }?.code == .invalidArgument)
    }
}
