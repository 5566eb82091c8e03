import DRSystem
import DRTestSupport
import SystemPackage
import Testing

@Suite struct FolderWatchTests {
    @Test func `what was put there since the last call ends the wait at once`() throws {
        let folder = try TemporaryDirectory()
        let watch = try #require(FolderWatch(folder.path))
        for name in ["a", "b"] {
            try DurableFile.create(at: folder.path.appending(name), with: [1])
            // Without the watch this would be an hour.
            watch.wait(atMost: 3_600_000)
        }
        // Everything was taken note of: nothing is left to wake for.
        watch.wait(atMost: 0)
    }

    @Test func `a folder that is not there cannot be watched`() throws {
        #expect(FolderWatch("/nowhere/at/all") == nil)
    }
}
