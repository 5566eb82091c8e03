import DRSystem
import DRTestSupport
import Glibc
import SystemPackage
import Testing

@testable import DREngine

@Suite struct AttemptMarkTests {
    private func environment(_ variables: String...) -> [UInt8] { variables.flatMap { Array($0.utf8) + [0] } }

    @Test func anAttemptIsKnownByItsName() throws {
        let mark = AttemptMark(attempt: "r/s#1", results: "/nowhere/r/outside/results")
        #expect(mark.isIn(environment: environment("PATH=/bin", "DRCTL_ATTEMPT=r/s#1")))
        #expect(!mark.isIn(environment: environment("DRCTL_ATTEMPT=r/s#11")))
        #expect(!mark.isIn(environment: environment("X=DRCTL_ATTEMPT=r/s#1")))
        #expect(!mark.isIn(environment: []))
    }

    @Test func aRunOfTheSameNameElsewhereIsAnotherOne() throws {
        let (one, other) = (try TemporaryDirectory(), try TemporaryDirectory())
        let mark = AttemptMark(attempt: "r/s#1", results: one.path)
        let link = other.path.appending("link")
        #expect(unsafe symlink(one.path.string, link.string) == 0)
        #expect(mark.isIn(environment: environment("DRCTL_ATTEMPT=r/s#1", "DRCTL_OUTPUT=\(one.path)/s#1.json")))
        #expect(mark.isIn(environment: environment("DRCTL_ATTEMPT=r/s#1", "DRCTL_OUTPUT=\(link)/s#1.json")))
        #expect(!mark.isIn(environment: environment("DRCTL_ATTEMPT=r/s#1", "DRCTL_OUTPUT=\(other.path)/s#1.json")))
    }
}
