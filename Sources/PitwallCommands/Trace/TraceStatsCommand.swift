import ArgumentParser
import Reporting
import Workload

/// `pitwall trace stats`.
struct TraceStatsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Describe a trace: load, lengths, popularity, reuse, cache hit ratios.",
    discussion: """
      Hit ratios are those of unit-size caches over the stream of adapters: each request \
      contributes its adapters in their order, requests for the base model alone contribute \
      nothing, and cold starts are misses. OPT is Belady's clairvoyant cache, which no \
      policy exceeds that serves in arrival order and loads on demand only.

      EXAMPLES
        pitwall trace stats gentd26_timed_dev.csv
        pitwall trace stats gentd26_timed_dev.csv --apply shuffle --format json
        pitwall trace stats Traces/gentd26-like.yaml --seed 4 --slots 8,16,32
        pitwall trace stats gentd26_timed_dev.csv --plot charts

      \(TraceOptions.transforms)
      """)

  @Argument(help: "The trace to read, or a generator file.")
  var trace: String

  @OptionGroup var options: TraceOptions

  @Option(name: .long, help: "How to print.")
  var format: OutputFormat = .table

  @Option(name: .long, help: "Cache sizes, with commas between.")
  var slots: String = "4,8,16,32,64"

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Draw popularity.svg and hit-ratio.svg into a folder; needs gnuplot.", valueName: "folder"))
  var plot: String?

  func validate() throws {
    let parts = slots.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ Int($0).map { $0 > 0 } ?? false }) else {
      throw ValidationError("--slots: expected whole numbers above 0 with commas between.")
    }
  }

  func run() async throws {
    let trace = try options.open(trace)
    let statistics = TraceStatistics(
      of: trace, slots: slots.split(separator: ",").compactMap { Int($0) })
    if let plot { try await Gnuplot().save(charts(of: statistics, trace), to: plot) }
    print(StatisticsReport(trace, statistics).rendered(as: format), terminator: "")
  }

  private func charts(of statistics: TraceStatistics, _ trace: Trace) -> [Chart] {
    let ratios = statistics.reuse.hitRatios.sorted { $0.slots < $1.slots }
    let context = ([trace.name] + options.apply).joined(separator: ", ")
    return [
      TraceCharts.popularity(
        statistics.adapters.counts.map { Int64($0) },
        zipf: statistics.zipf.map { ($0.exponent, $0.scale) }, context: context),
      TraceCharts.hitRatio(
        slots: ratios.map(\.slots), lru: ratios.map(\.lru), opt: ratios.map(\.opt),
        context: context),
    ]
  }
}
