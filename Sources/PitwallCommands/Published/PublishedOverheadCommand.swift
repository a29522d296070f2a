import ArgumentParser
import Validation

/// `pitwall published vllm-v0-overhead`
struct PublishedOverheadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vllm-v0-overhead",
    abstract: "What more and more adapters cost vLLM V0 on Llama-2-7B.",
    discussion: """
      Runs each row's requests, which all come at once, through the engine vllm-v0 with the KV cache
      that the server had, on a roofline of an H100: nothing is fitted.

      EXAMPLE
        pitwall published vllm-v0-overhead --from agullo_llama2_7b_compute_overhead.csv
      """)

  @Option(
    help: ArgumentHelp("The published runs, a CSV file.", valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var from: String

  @OptionGroup var options: PublishedRunOptions

  @Option(help: "How to print the result.") var format = OutputFormat.table

  func run() async throws {
    let rows = try PublishedOverhead.Row.read(from)
    let comparison = try await options.run { finished in
      try await PublishedOverhead(threads: options.threadCount).compare(rows, finished: finished)
    }
    print(PublishedOutput(comparison).rendered(as: format), terminator: "")
  }
}
