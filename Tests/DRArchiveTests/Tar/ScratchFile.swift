import Foundation
import Glibc

/// An unnamed file of a test's own, gone when it is closed.
final class ScratchFile {
    let descriptor: Int32

    init(_ content: [UInt8] = []) throws {
        let template = FileManager.default.temporaryDirectory.path + "/drctl-test-XXXXXX"
        var path = Array(template.utf8CString)
        descriptor = unsafe mkstemp(&path)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        _ = unsafe unlink(path)
        if !content.isEmpty, unsafe pwrite(descriptor, content, content.count, 0) != content.count {
            throw POSIXError(.EIO)
        }
    }

    deinit { close(descriptor) }

    /// Everything written so far; the position stays.
    var content: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
        let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, count)))
    }

    /// Runs a program that reads this file as its input.
    func feed(to program: String, _ arguments: [String], environment: [String: String] = [:]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        lseek(descriptor, 0, SEEK_SET)
        process.standardInput = FileHandle(fileDescriptor: descriptor)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        return process.terminationStatus == 0 ? bytes : []
    }
}
