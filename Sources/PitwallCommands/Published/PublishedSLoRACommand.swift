import ArgumentParser
import Validation

/// `pitwall published s-lora`
struct PublishedSLoRACommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "s-lora",
    abstract: "S-LoRA's raw results: throughput, latency, time to first token, attainment.",
    discussion: """
      Sends each experiment's own requests, drawn as numpy draws them from the authors' seed, to the
      engine s-lora with the token pool that the authors gave it. Step times come from a roofline:
      once with the catalogue's assumptions ("datasheet"), and once with two numbers fitted for
      each kind of device, the share of peak bandwidth and the time that any step takes ("fitted").
      They are fitted to the files synthetic_num_adapters_a10g_S1_slora and
      synthetic_num_adapters_a100-80_S2_slora; all other rows are predicted with them.

      Not simulated, and counted as such: other systems and ablations, early abort, adapter
      clustering, and recorded traces.

      EXAMPLE
        pitwall published s-lora --from slora_published_results.csv
      """)

  @Option(
    help: ArgumentHelp("The published results, a CSV file.", valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var from: String

  @Flag(name: .customLong("no-fit"), help: "Predict from data sheets only.")
  var noFit = false

  @OptionGroup var options: PublishedRunOptions

  @Option(help: "How to print the result.") var format = OutputFormat.table

  func run() async throws {
    let results = try SLoRAResult.read(from)
    let comparison = try await options.run { finished in
      try await SLoRAComparison(results, threads: options.threadCount)
        .compare(fits: !noFit, finished: finished)
    }
    print(PublishedOutput(comparison).rendered(as: format), terminator: "")
  }
}
