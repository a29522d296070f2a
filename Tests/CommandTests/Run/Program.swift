import Foundation
import Testing

/// The built program, run as a person runs it.
struct Program: ~Copyable {
  struct Result {
    var code: Int32
    var output: String
    var errors: String

    /// Whether standard error is exactly one line that says who speaks.
    var isOneLine: Bool {
      errors.hasPrefix("pitwall: ") && errors.hasSuffix("\n")
        && errors.dropLast().allSatisfy { !$0.isNewline }
    }
  }

  /// A folder of the test's own, in which the program runs.
  let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/pitwall-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// The program lies beside the program that runs the tests.
  static let path: String = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = tests[..<(tests.lastIndex(of: "/") ?? tests.startIndex)] + "/pitwall"
    if FileManager.default.isExecutableFile(atPath: String(beside)) { return String(beside) }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return package.appendingPathComponent(".build/debug/pitwall").path
  }()

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
  }

  func exists(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(name)")
  }

  /// Names of the files in the folder, but for those that a database keeps beside itself.
  var files: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }.sorted()
  }

  func run(_ arguments: String...) throws -> Result { try run(arguments) }

  func run(_ arguments: [String]) throws -> Result {
    try Program.launch(Program.path, arguments, in: folder)
  }

  /// Runs a line of shell with the program's path as `$0`.
  func shell(_ line: String) throws -> Result {
    try Program.launch("/bin/bash", ["-c", line, Program.path], in: folder)
  }

  private static func launch(
    _ executable: String, _ arguments: [String], in folder: String
  ) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    var environment = ProcessInfo.processInfo.environment
    environment["PITWALL_TRACES"] = nil
    process.environment = environment
    // Files, not pipes: nobody has to read them while the program runs.
    let output = try capture(folder)
    let errors = try capture(folder)
    process.standardOutput = output.handle
    process.standardError = errors.handle
    try process.run()
    process.waitUntilExit()
    return Result(
      code: process.terminationStatus, output: try output.text(), errors: try errors.text())
  }

  private struct Capture {
    let path: String
    let handle: FileHandle

    func text() throws -> String {
      try handle.close()
      defer { try? FileManager.default.removeItem(atPath: path) }
      return try String(contentsOfFile: path, encoding: .utf8)
    }
  }

  private static func capture(_ folder: String) throws -> Capture {
    let path = FileManager.default.temporaryDirectory.path + "/pitwall-out-\(UUID().uuidString)"
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    return Capture(path: path, handle: try #require(FileHandle(forWritingAtPath: path)))
  }
}

/// A small experiment over a trace that a test writes.
enum SmallExperiment {
  /// Six requests for three adapters.
  static let trace = """
    time,adapter,prompt,output
    0,a,50,5
    0.5,b,60,4
    1,a,70,6
    1.5,c,20,3
    2,b,50,5
    9,a,50,5

    """

  static func text(
    workload: String =
      "read: t.csv, format: csv, options: {arrival: time, adapters: adapter, "
      + "prompt_tokens: prompt, output_tokens: output}",
    server: String = "model: llama-2-7b, accelerator: a100-80g, adapters: {slots: 2}",
    more: String = ""
  ) -> String {
    """
    name: small
    workloads: {day: {\(workload)}}
    server: {\(server)}
    strategies: {lru: {}, lookahead: {prefetch: lookahead}}
    seeds: 2
    \(more)
    """
  }
}
