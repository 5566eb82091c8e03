import DRSystem
import Subprocess
import SystemPackage

/// A command whose standard output is backed up. A command that fails makes no snapshot.
final class StreamCommand: Sendable {
    /// For the job, which closes it.
    let readingEnd: Int32
    private let words: [String]
    private let writingEnd: FileDescriptor
    private let ending = Monitor<Result<TerminationStatus, any Error>?>(nil)

    init(_ words: [String]) throws {
        self.words = words
        let (reading, writing) = try FileDescriptor.pipe()
        readingEnd = reading.rawValue
        writingEnd = writing
    }

    /// A descriptor of this process's standard input, for a job that closes it.
    static func standardInput() throws -> Int32 { try FileDescriptor.standardInput.duplicate().rawValue }

    /// Starts it. When the task is cancelled the command is asked to end, and ended some seconds later.
    func start() -> Task<Void, Never> {
        Task { [self] in
            var options = PlatformOptions()
            options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
            let result: Result<TerminationStatus, any Error>
            do {
                let ended = try await Subprocess.run(
                    words[0].contains("/") ? .path(FilePath(words[0])) : .name(words[0]),
                    arguments: Arguments(Array(words.dropFirst())), environment: .inherit, platformOptions: options,
                    input: .none, output: .fileDescriptor(writingEnd, closeAfterSpawningProcess: true),
                    error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false))
                result = .success(ended.terminationStatus)
            } catch {
                result = .failure(error)
            }
            ending.withLock { $0 = result }
            ending.signalAll()
        }
    }

    /// Waits until it has ended; blocks.
    /// - Throws: where it did not end well.
    func confirm() throws {
        guard let ended = ending.waiting(until: { $0 != nil }, { $0 }) ?? nil else { return }
        let name = displayEscaped(words[0])
        switch ended {
        case .success(.exited(0)): return
        case .success(.exited(let code)): throw Self.failed("\(name) ended with exit \(code)")
        case .success(.signaled(let number)): throw Self.failed("\(name) was ended by signal \(number)")
        case .failure(let error): throw Self.failed("\(name) could not be run: \(error)")
        }
    }

    private static func failed(_ message: String) -> Failure {
        Failure(
            exit: .notEstablished, code: "backup.commandFailed",
            message: "\(message); no snapshot was made of what it wrote",
            hint: "run the command alone and see what it says; what was stored is kept for the next try")
    }
}
