import DRArchive
import DRSystem
import SystemPackage
import Testing

@Suite struct FileMetadataTests {
    @Test("A directory's metadata holds what a restore can give back, and no size")
    func ofADirectory() throws {
        let handle = try DirectoryHandle(opening: "/")
        let metadata = FileMetadata(try handle.status())
        #expect(metadata.kind == .directory)
        #expect(metadata.sizeBytes == 0)
        #expect(metadata.linkTarget.isEmpty)
    }

    @Test("A device keeps its numbers")
    func ofADevice() throws {
        let devices = try DirectoryHandle(opening: "/dev")
        let null = try #require(FileName("null"))
        let metadata = try devices.metadata(of: null, status: try devices.status(of: null))
        #expect(metadata.kind == .characterDevice)
        #expect(metadata.deviceMajor == 1)
        #expect(metadata.deviceMinor == 3)
    }

    @Test("A symbolic link keeps its target")
    func ofALink() throws {
        let process = try DirectoryHandle(opening: "/proc/self")
        let name = try #require(FileName("exe"))
        let metadata = try process.metadata(of: name, status: try process.status(of: name))
        #expect(metadata.kind == .symbolicLink)
        #expect(metadata.linkTarget.first == UInt8(ascii: "/"))
    }
}
