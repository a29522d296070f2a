import ArgumentParser
import Foundation
import Primitives
import Workload

/// `pitwall trace import`
struct TraceImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Read a trace of any known format and write it in Pitwall's own.",
    discussion: """
      EXAMPLES
        pitwall trace import gentd26_timed_dev.csv gentd26.csv.gz
        pitwall trace import gentd26_timed_dev.csv lora.csv --map keep-base-rows=false
        pitwall trace import windows.csv.gz day.pwt --seed 3 --map duration=1d tokens=quantiles.csv.gz
        pitwall trace import log.csv out.csv --format csv \\
          --map arrival=ts unit=ms adapters=model prompt_tokens=in output_tokens=out
        pitwall trace import access.jsonl - --format openai-log --map base=meta-llama/Llama-2-7b-hf

      FORMATS, AND WHAT --map TAKES FOR EACH
      \(TraceImportCommand.formats)
      """)

  @Argument(help: "The trace to read; - for standard input. gzip is recognised.")
  var input: String

  @Argument(help: "The file to write: .csv, .csv.gz or .pwt; - for CSV on standard output.")
  var output: String

  @Option(help: "The input's format; by default told from its content.")
  var format: TraceFormat?

  @Option(
    name: .customLong("map"), parsing: .upToNextOption,
    help: ArgumentHelp("The format's options, after IN and OUT.", valueName: "key=value"))
  var options: [String] = []

  @Option(help: "Seed, for formats from which requests are generated.")
  var seed: Int?

  func run() async throws {
    let trace = try TraceReader.read(input, format: format, options: parameters())
    try TraceWriter.write(trace, to: output)
    let summary =
      "\(output): \(trace.count) requests, \(trace.adapters.count) adapters, "
      + "\(trace.tenants.count - 1) tenants, \(TextTable.Cell.fixed(trace.span.seconds, 3)) s\n"
    Terminal.write(summary)
  }

  private func parameters() throws -> Parameters {
    var entries = try options.map { word in
      guard let equals = word.firstIndex(of: "="), equals != word.startIndex else {
        throw PitwallError(.usage, "--map: expected key=value, found \"\(word)\"")
      }
      return Parameters.Entry(String(word[..<equals]), String(word[word.index(after: equals)...]))
    }
    if let seed { entries.append(Parameters.Entry("seed", String(seed))) }
    return try Parameters(format?.rawValue ?? "import", entries)
  }

  /// Each format with its options; those that take the same ones say so.
  private static var formats: String {
    var described: [(keys: [String], format: TraceFormat)] = []
    return TraceFormat.allCases.map { format in
      let heading = "  \(format.rawValue): \(format.summary)"
      let keys = format.options.map(\.key)
      guard !keys.isEmpty else { return heading }
      if let same = described.first(where: { Set(keys).isSubset(of: $0.keys) }) {
        return heading + "\n      as \(same.format.rawValue)"
      }
      described.append((keys, format))
      return heading + format.options.map { "\n      \($0.key): \($0.help)" }.joined()
    }.joined(separator: "\n")
  }
}

extension TraceFormat: ExpressibleByArgument {}
