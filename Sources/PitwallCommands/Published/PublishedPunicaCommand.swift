import ArgumentParser
import Validation

/// `pitwall published punica`
struct PublishedPunicaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "punica",
    abstract: "Punica's operator latencies, and its throughput under four popularities.",
    discussion: """
      Operators, steps and layers come from the roofline alone; throughput from running its 1,000
      requests through the model, in batches of 32 on an A100 with 80 GB.

      EXAMPLE
        pitwall published punica
      """)

  @OptionGroup var options: PublishedRunOptions

  @Option(help: "How to print the result.") var format = OutputFormat.table

  func run() async throws {
    let comparison = try await options.run { finished in
      try await PublishedPunica(threads: options.threadCount).compare(finished: finished)
    }
    print(PublishedOutput(comparison).rendered(as: format), terminator: "")
  }
}
