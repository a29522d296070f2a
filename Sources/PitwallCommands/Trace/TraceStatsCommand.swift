import ArgumentParser
import Workload

/// `pitwall trace stats`.
struct TraceStatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Describe a trace: load, lengths, popularity, reuse, cache hit ratios.",
    discussion: """
      Hit ratios are those of unit-size caches over the stream of adapters: each request \
      contributes its adapters in their order, requests for the base model alone contribute \
      nothing, and cold starts are misses. OPT is Belady's clairvoyant cache, which no online \
      policy exceeds.

      EXAMPLES
        pitwall trace stats gentd26_timed_dev.csv
        pitwall trace stats gentd26_timed_dev.csv --apply shuffle --format json
        pitwall trace stats Traces/gentd26-like.yaml --seed 4 --slots 8,16,32

      \(TraceOptions.transforms)
      """)

  @Argument(help: "The trace to read, or a generator file.")
  var trace: String

  @OptionGroup var options: TraceOptions

  @Option(name: .long, help: "How to print.")
  var format: OutputFormat = .table

  @Option(name: .long, help: "Cache sizes, with commas between.")
  var slots: String = "4,8,16,32,64"

  func validate() throws {
    let parts = slots.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ Int($0).map { $0 > 0 } ?? false }) else {
      throw ValidationError("--slots: expected whole numbers above 0 with commas between.")
    }
  }

  func run() throws {
    let trace = try options.open(trace)
    let statistics = TraceStatistics(
      of: trace, slots: slots.split(separator: ",").compactMap { Int($0) })
    print(StatisticsReport(trace, statistics).rendered(as: format), terminator: "")
  }
}
