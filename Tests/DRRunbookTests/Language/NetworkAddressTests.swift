import DRRunbook
import Testing

@Suite struct NetworkAddressTests {
    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("::", "::"),
        ("::1", "::1"), ("fd00::", "fd00::"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:DB8::0001", "2001:db8::1"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
        ("::ffff:10.0.0.1", "::ffff:a00:1"), ("1::8", "1::8"),
    ])
    func addresses(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
    }

    @Test(arguments: [
        "", "10.0.0", "10.0.0.0.1", "10.0.0.256", "10.0.0.01", "10.0.0.-1", "10..0.1", " 10.0.0.1", "a.b.c.d", ":",
        ":::",
        "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1:2:3:4:5:6:7::8", "::1%eth0",
        "::10.0.0.256",
        "10.0.0.1::", "+1::",
    ])
    func textsThatAreNoAddress(text: String) { #expect(IPAddress(text) == nil) }

    @Test(arguments: [
        ("10.0.0.9/24", "10.0.0.0/24"), ("10.0.0.9/0", "0.0.0.0/0"), ("10.0.0.9/31", "10.0.0.8/31"),
        ("10.0.0.9/32", "10.0.0.9/32"), ("10.0.255.9/17", "10.0.128.0/17"), ("fd00::9/64", "fd00::/64"),
        ("fd00::ff/121", "fd00::80/121"),
    ])
    func networksOfAddresses(text: String, network: String) throws {
        #expect(try #require(IPRange(text)).network.description == network)
    }

    @Test(arguments: ["10.0.0.1/33", "::/129", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/+1", "10.0.0.1/8/8", "/8"])
    func textsThatAreNoRange(text: String) { #expect(IPRange(text) == nil) }

    @Test func whatARangeHolds() throws {
        let range = try #require(IPRange("10.7.0.9/24"))
        #expect(range.contains(try #require(IPAddress("10.7.0.255"))))
        #expect(!range.contains(try #require(IPAddress("10.7.1.0"))))
        #expect(!range.contains(try #require(IPAddress("::"))))
    }

    @Test(arguments: [
        ("10.0.0.9", "10.0.0.9/32"), ("10.0.0.9/24:80", "10.0.0.0/24:80"), ("fd00::1", "fd00::1/128"),
        ("[fd00::1]:80", "[fd00::1/128]:80"), ("[fd00::/64]:443", "[fd00::/64]:443"),
    ])
    func destinations(text: String, canonical: String) {
        #expect(AllowedDestination(text)?.description == canonical)
        #expect(AllowedDestination(canonical)?.description == canonical)
    }

    @Test(arguments: ["db:80", "10.0.0.1:65536", "10.0.0.1:", "[fd00::1:80", "[fd00::1]80", "10.0.0.1:+80", ""])
    func textsThatAreNoDestination(text: String) { #expect(AllowedDestination(text) == nil) }
}
