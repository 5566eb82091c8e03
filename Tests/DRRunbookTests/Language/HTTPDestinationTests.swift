import DRRunbook
import Testing

@Suite struct HTTPDestinationTests {
    @Test(
        arguments: [
            ("169.254.169.254", nil, false), ("169.254.169.254", ["169.254.169.254"], true),
            ("169.254.169.254", ["meta.example"], true), ("169.254.169.254", ["other.example"], false),
            ("169.254.169.254", ["169.254.0.0/16:81"], false), ("fd00:ec2::254", nil, false),
            ("100.100.100.200", nil, false),
            ("100.100.100.201", nil, true), ("fe80::1", nil, false), ("::ffff:169.254.1.1", nil, false),
            ("::1", nil, true),
            ("10.0.0.1", nil, true), ("10.0.0.1", [], false), ("10.0.0.1", ["10.0.0.0/8:80"], true),
            ("10.0.0.1", ["10.0.0.0/8:443"], false), ("10.0.0.1", ["META.example:80"], true),
            ("10.0.0.1", ["example"], false),
        ] as [(String, [String]?, Bool)])
    func whereARequestMayGo(address: String, allow: [String]?, may: Bool) throws {
        let destination = HTTPDestination(host: "meta.Example", port: 80, allow: allow)
        #expect((destination.refusal(of: try #require(IPAddress(address))) == nil) == may)
    }
}
