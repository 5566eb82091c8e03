import ArgumentParser

/// A command of drctl: it says what it found as an `Outcome` or throws; printing and exiting happen here.
protocol Command: AsyncParsableCommand {
    var output: OutputOptions { get }

    func perform() async throws -> Outcome
}

extension Command {
    mutating func run() async throws {
        let name = Drctl.invokedName
        let status: ExitStatus
        do {
            status = Output.emit(try await perform(), command: name, asJSON: output.json)
        } catch let exit as ExitCode {
            throw exit
        } catch {
            status = Output.emit(Failure(error), command: name, asJSON: output.json)
        }
        throw ExitCode(status.rawValue)
    }
}
