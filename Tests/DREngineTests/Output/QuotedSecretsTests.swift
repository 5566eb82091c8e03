import DREngine
import Testing

/// A secret as programs print it inside quotes.
@Suite struct QuotedSecretsTests {
    private static let secret = "pa\"ss'wo\\rd & é\ttail"

    @Test(arguments: [
        #"{"p": "pa\"ss'wo\\rd & é\ttail"}"#, #"{"p": "pa\"ss'wo\\rd & \u00e9\ttail"}"#,
        "<b>pa&quot;ss&#x27;wo\\rd &amp; é\ttail</b>", "<b>pa&quot;ss&#39;wo\\rd &amp; é\ttail</b>",
        "'pa\"ss'\"'\"'wo\\rd & é\ttail'", "'pa\"ss'\\''wo\\rd & é\ttail'",
    ])
    func areMasked(output: String) throws {
        var mask = SecretMask(try SecretPatterns(["token": Array(Self.secret.utf8)]))
        let shown = String(decoding: mask.take(Array(output.utf8)) + mask.finish(), as: UTF8.self)
        #expect(shown.contains("***") && !shown.contains("wo") && !shown.contains("tail"), "\(shown)")
    }
}
