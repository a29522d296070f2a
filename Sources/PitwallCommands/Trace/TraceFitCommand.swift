import ArgumentParser
import Foundation
import Primitives
import Workload

/// `pitwall trace fit`.
struct TraceFitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Fit the sessions generator to a trace and print a generator file.",
    discussion: """
      A generator file holds figures only, so it can go where the trace cannot. Rate, rhythm and \
      length quantiles are read off the trace; the CV of gaps and the session model are searched, \
      so that generated traces have the trace's inter-arrival CV and its hit ratios. How close \
      they come is printed to standard error.

      EXAMPLES
        pitwall trace fit gentd26_timed_dev.csv --lengths azure_conv.csv > gentd26-like.yaml
        pitwall trace fit mine.csv --tries 20000 --seed 2 > mine-like.yaml
      """)

  @Argument(help: "The trace to fit.")
  var trace: String

  @OptionGroup var options: TraceOptions

  @Option(name: .long, help: "Another trace whose token lengths are fitted instead.")
  var lengths: String?

  @Option(name: .long, help: "How many session models to try.")
  var tries = 4000

  func validate() throws {
    guard (1...1_000_000).contains(tries) else {
      throw ValidationError("--tries: expected 1 to 1000000.")
    }
  }

  func run() throws {
    let trace = try options.open(trace)
    let lengthTrace = try lengths.map { try options.library.open($0) }
    let fit = try GeneratorFit(trace, lengths: lengthTrace, tries: tries, seed: options.seed)
    print(fit.yaml, terminator: "")
    let file = try GeneratorFile.parse(fit.yaml, file: "fit.yaml")
    // Seeds that the search did not see.
    let generated = try (1...5).map { draw in
      TraceStatistics(of: try file.generate(seed: options.seed &+ UInt64(1000 + draw)))
    }
    let comparison = FitComparison(
      recorded: TraceStatistics(of: trace),
      lengths: lengthTrace.map { TraceStatistics(of: $0, slots: []) }, generated: generated)
    Terminal.write(comparison.table.rendered(as: .table))
  }
}

/// A recorded trace beside what a fit to it generates: mean and standard deviation over seeds.
private struct FitComparison {
  let recorded: TraceStatistics
  let lengths: TraceStatistics?
  let generated: [TraceStatistics]

  var table: TextTable {
    var table = TextTable(["figure", "recorded", "generated, mean", "sd"])
    func row(_ name: String, _ value: (TraceStatistics) -> Double?, of recorded: TraceStatistics) {
      guard let known = value(recorded) else { return }
      let values = generated.compactMap(value)
      guard !values.isEmpty else { return }
      let mean = values.reduce(0, +) / Double(values.count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let deviation = (squares / Double(max(values.count - 1, 1))).squareRoot()
      table.append([
        .text(name), .number(known, decimals: 4), .number(mean, decimals: 4),
        .number(deviation, decimals: 4),
      ])
    }
    row("rate (requests/s)", \.rate, of: recorded)
    row("inter-arrival CV", \.interArrivalCV, of: recorded)
    for (index, ratio) in recorded.reuse.hitRatios.enumerated() {
      row("LRU at \(ratio.slots) slots", { $0.reuse.hitRatios[index].lru }, of: recorded)
    }
    for (index, ratio) in recorded.reuse.hitRatios.enumerated() {
      row("OPT at \(ratio.slots) slots", { $0.reuse.hitRatios[index].opt }, of: recorded)
    }
    row("same adapter as previous", \.reuse.sameAsPrevious, of: recorded)
    row("distinct adapters", { Double($0.reuse.distinct) }, of: recorded)
    row("share of the top 10 adapters", { $0.adapters.share(ofTop: 10) }, of: recorded)
    let lengths = lengths ?? recorded
    row("prompt p50", \.promptTokens?.p50, of: lengths)
    row("prompt p90", \.promptTokens?.p90, of: lengths)
    row("prompt p99", \.promptTokens?.p99, of: lengths)
    row("output p50", \.outputTokens?.p50, of: lengths)
    row("output p90", \.outputTokens?.p90, of: lengths)
    row("output p99", \.outputTokens?.p99, of: lengths)
    return table
  }
}
