import ArgumentParser
import Primitives
import Workload

/// `pitwall trace head`
struct TraceHeadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "head",
    abstract: "Print the first requests of a trace.",
    discussion: """
      EXAMPLES
        pitwall trace head gentd26.csv.gz
        pitwall trace head day.pwt -n 100 --format json
      """)

  @Argument(help: "The trace: of any format that is told from its content; - for standard input.")
  var trace: String

  @Option(name: .shortAndLong, help: "How many requests.")
  var number = 10

  @Option(help: "How to print them: table, json or csv.")
  var format = OutputFormat.table

  func validate() throws {
    if number < 0 { throw ValidationError("-n must not be negative") }
  }

  func run() async throws {
    let trace = try TraceReader.read(trace)
    var table = TextTable([
      "request", "arrival_s", "adapters", "prompt_tokens", "output_tokens", "tenant", "session",
      "priority", "metadata",
    ])
    for row in 0..<min(number, trace.count) {
      table.append([
        .integer(Int64(row)), .number(trace.arrival[row].seconds, decimals: 6),
        .text(trace.adaptersText(row)), .integer(Int64(trace.promptTokens[row])),
        .integer(Int64(trace.outputTokens[row])), .text(trace.tenants[Int(trace.tenant[row])]),
        .integer(Int64(trace.session[row])), .integer(Int64(trace.priority[row])),
        .text(trace.metadataText(row)),
      ])
    }
    print(table.rendered(as: format), terminator: "")
  }
}
