import COpenSSL
import Testing

@testable import DRCrypto

@Suite struct LibCryptoTests {
    @Test func aFailureTakesTheLibrarysTextAndDrainsItsQueue() {
        // A provider that does not exist puts an error into the queue.
        let missing = unsafe EVP_MD_fetch(nil, "NO-SUCH-DIGEST", nil)
        #expect(unsafe missing == nil)
        let error = failure { try LibCrypto.check(0, "EVP_MD_fetch") }
        #expect(error?.code == .library)
        #expect(error?.message.contains("EVP_MD_fetch") == true)
        #expect(error?.message.contains("unsupported") == true)
        #expect(ERR_peek_error() == 0)
        let second = failure { try LibCrypto.check(0, "another") }
        #expect(second?.message == "libcrypto's another failed: no reason given")
    }

    @Test(arguments: [0, -1, -2, 2] as [Int32])
    func onlyOneIsSuccess(status: Int32) {
        #expect(failure { try LibCrypto.check(status, "call") }?.code == .library)
    }

    @Test func theHintFollowsTheMessage() {
        #expect("\(CryptoError(.malformed, "it broke", hint: "mend it"))" == "it broke; mend it")
        #expect("\(CryptoError(.malformed, "it broke"))" == "it broke")
    }
}
