import Foundation
import Primitives
import Testing
import Workload

@testable import PitwallCommands

struct TraceImportTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("pitwall-import-\(UUID().uuidString)")

  /// Runs the command on a small CSV and returns the trace that it wrote.
  private func imported(_ options: [String], to name: String) async throws -> Trace {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appendingPathComponent("in.csv")
    try "ts,model,n\n2500,a,10\n500,b,20\n".write(to: input, atomically: true, encoding: .utf8)
    let output = folder.appendingPathComponent(name).path
    let command = try TraceImportCommand.parse([input.path, output] + options)
    try await command.run()
    return try TraceReader.read(output)
  }

  @Test(arguments: ["out.csv", "out.csv.gz", "out.pwt"])
  func aMappingOnTheCommandLine(_ name: String) async throws {
    let trace = try await imported(
      ["--format", "csv", "--map", "arrival=ts", "unit=ms", "adapters=model", "prompt_tokens=n"],
      to: name)
    #expect(Array(trace.arrival) == [0, 2_000_000_000])
    #expect(trace.adapters.map(\.name) == ["a", "b"])
    #expect(Array(trace.promptTokens) == [20, 10])
  }

  @Test func mistakesAreOfTheRightKind() async throws {
    for (options, name, code) in [
      (["--format", "csv", "--map", "arrival"], "out.csv", PitwallError.Code.usage),
      (["--format", "csv", "--map", "arrival=ts", "--seed", "1"], "out.csv", .usage),
      (["--format", "csv", "--map", "arrival=ts"], "out.txt", .usage),
      (["--format", "csv", "--map", "arrival=time"], "out.csv", .data),
      ([], "out.csv", .data),
      (["--format", "csv", "--map", "arrival=ts"], "no/such/folder/out.csv", .inputOutput),
    ] {
      do {
        _ = try await imported(options, to: name)
        Issue.record("\(options) was accepted")
      } catch { #expect((error as? PitwallError)?.code == code, "\(options): \(error)") }
    }
    #expect(throws: (any Error).self) {
      try TraceImportCommand.parse(["a", "b", "--format", "xml"])
    }
    #expect(throws: (any Error).self) { try TraceHeadCommand.parse(["a", "-n", "-1"]) }
  }

  @Test func helpNamesEveryFormat() {
    let help = TraceImportCommand.helpMessage()
    for format in TraceFormat.allCases { #expect(help.contains("  \(format.rawValue): ")) }
  }
}
