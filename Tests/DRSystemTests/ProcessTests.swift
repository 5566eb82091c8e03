import DRSystem
import DRTestSupport
import Glibc
import SystemPackage
import Testing

@Suite struct ProcessIdentityTests {
    @Test func `this process is alive, and its name does not fit another`() throws {
        let own = try ProcessIdentity.current()
        #expect(own.pid == getpid())
        #expect(try own.isAlive())
        #expect(try own.signal(0))
        var other = own
        other.startTicks += 1
        #expect(try !other.isAlive())
        #expect(try !other.signal(0))
        var earlier = own
        earlier.bootID = "00000000-0000-0000-0000-000000000000"
        #expect(try !earlier.isAlive())
        #expect(try earlier.waitUntilGone(atMost: .seconds(1)))
    }

    @Test func `a child is signalled, waited for, and gone once it has ended`() throws {
        let process = try ChildProcess(["sleep", "60"])
        let child = try #require(try ProcessIdentity(pid: process.pid))
        #expect(try child.isAlive())
        #expect(try !child.waitUntilGone(atMost: .milliseconds(1)))
        #expect(try child.signal(SIGTERM))
        #expect(try child.waitUntilGone(atMost: .seconds(30)))
        // A zombie now, which acts no more.
        #expect(try !child.isAlive())
        #expect(try process.wait().signal == SIGTERM)
        #expect(try !child.isAlive())
        #expect(try !child.signal(0))
    }
}

@Suite struct BlockingThreadTests {
    @Test func `work that blocks on other work does not starve it`() async {
        let turn = Monitor(0)
        await withTaskGroup(of: Int.self) { group in
            for number in (0..<40).reversed() {
                group.addTask {
                    await BlockingThread.run {
                        let mine = turn.waiting(until: { $0 == number }) { turn in
                            turn += 1
                            return number
                        }
                        turn.signalAll()
                        return mine ?? -1
                    }
                }
            }
            var sum = 0
            for await number in group { sum += number }
            #expect(sum == 780)
        }
    }

    @Test func `what the work throws reaches the caller, typed`() async {
        do throws(SystemError) {
            try await BlockingThread.run { () throws(SystemError) in
                throw SystemError(call: "test", errno: .resourceBusy)
            }
            Issue.record("did not throw")
        } catch {
            #expect(error.errno == .resourceBusy)
        }
    }

    @Test func `waiting gives up in time`() {
        let monitor = Monitor(false)
        #expect(monitor.waiting(atMost: .milliseconds(5), until: { $0 }) { _ in true } == nil)
    }
}

@Suite struct ClockTests {
    @Test func `the system's clocks run, and name this boot`() throws {
        let clock = try SystemTimeSource()
        #expect(clock.bootID.utf8.count == 36)
        let first = clock.bootNanoseconds()
        #expect(first > 0)
        #expect(clock.bootNanoseconds() >= first)
        #expect(clock.wallNanoseconds() > 1_700_000_000_000_000_000)
    }
}
