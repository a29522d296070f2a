import ArgumentParser
import Foundation
import Validation

/// `pitwall published`
struct PublishedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "published",
    abstract: "Predict figures that others published, and print both side by side.",
    discussion: """
      Each table says how far off the model is: SMAPE = 100 |r - p| / (|r| + |p|), and as bias the
      same with its sign, above 0 where predictions are too high. Rows that are not predicted are
      counted with the reason.
      """,
    subcommands: [
      PublishedSLoRACommand.self, PublishedPunicaCommand.self, PublishedKVCommand.self,
      PublishedOverheadCommand.self,
    ])
}

/// Experiments at a time, and whether to show how many are done.
struct PublishedRunOptions: ParsableArguments {
  @Option(help: "Experiments at a time (default: one for each core).") var threads: Int?

  @Flag(name: .shortAndLong, help: "Show no progress.") var quiet = false

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
  }

  /// The number of threads to use.
  var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  /// Does something that says whenever an experiment is done, and shows how many are.
  /// - Throws: what `body` throws; `ExitCode` 130 where the user interrupts it.
  func run<Value>(
    _ body: (_ finished: @escaping @Sendable () -> Bool) async throws -> Value
  ) async throws -> Value {
    let count = ExperimentCount(isShown: !quiet)
    let interruption = Interruption { count.stop() }
    defer {
      interruption.end()
      count.clear()
    }
    do {
      return try await body { count.advance() }
    } catch is CancellationError {
      throw ExitCode(130)
    }
  }
}
