import ArgumentParser
import Primitives
import Workload

/// `pitwall trace generate`.
struct TraceGenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Generate a trace from a generator file or from parameters.",
    usage: """
      pitwall trace generate FILE.yaml OUT [--requests N] [--seed N]
      pitwall trace generate NAME [KEY=VALUE ...] OUT --requests N [--seed N]
      """,
    discussion: """
      EXAMPLES
        pitwall trace generate Traces/gentd26-like.yaml day.csv --seed 3
        pitwall trace generate sessions tenants=100 adapters=500 rate=8 big.pwt --requests 1000000
        pitwall trace generate s-lora alpha=0.3 cv=4 slora.csv.gz --requests 600

      GENERATORS
      \(generators)
      """)

  @Argument(help: "The source and its parameters, then where to write the trace.")
  var words: [String]

  @Option(name: .long, help: "How many requests; a generator file may say it itself.")
  var requests: Int?

  @Option(name: .long, help: "The seed.")
  var seed: UInt64 = 1

  func validate() throws {
    guard words.count >= 2 else {
      throw ValidationError("Expected a generator (with parameters) and where to write.")
    }
  }

  func run() throws {
    let output = words[words.count - 1]
    guard !output.contains("=") else {
      throw PitwallError(.usage, "\"\(output)\": expected where to write, after the parameters")
    }
    try TraceWriter.write(try generated(words.dropLast()), to: output)
  }

  private func generated(_ words: ArraySlice<String>) throws -> Trace {
    let name = words.first ?? ""
    if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
      if words.count > 1 {
        throw PitwallError(.usage, at: name, "a generator file takes no parameters here")
      }
      return try TraceLibrary.generatorFile(name).generate(requests: requests, seed: seed)
    }
    let generator = try GeneratorRegistry.make(
      Parameters(parsing: words.joined(separator: " ")))
    guard let requests else { throw PitwallError(.usage, "--requests is missing") }
    return try generator.generate(requests: requests, seed: seed)
  }

  private static var generators: String {
    GeneratorRegistry.all.map { "  \($0.name) \($0.usage)\n      \($0.summary)." }
      .joined(separator: "\n")
  }
}
