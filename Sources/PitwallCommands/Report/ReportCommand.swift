import ArgumentParser
import Orchestration
import Primitives
import Reporting
import Results

/// `pitwall report`: a page with charts from what is in a results database.
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a report with charts about an experiment's runs.",
    discussion: """
      Writes DIR/report.html, which needs no other file, DIR/report.md and DIR/charts/*.svg, and \
      prints the page's path. Charts are drawn with gnuplot.

      EXAMPLES
        pitwall report
        pitwall report --db my.sqlite --experiment day --baseline lru -o report
        pitwall report --ttft-slo 500ms --e2e-slo 10s --title "Day trace, one A100"
      """)

  @OptionGroup var database: DatabaseOption

  @Option(help: "The experiment; may be left out where the database has only one.")
  var experiment: String?

  @Option(name: [.short, .long], help: "The folder to write to.", completion: .directory)
  var output = "report"

  @Option(help: "The page's heading; the experiment's name if left out.")
  var title: String?

  @Option(help: "The strategy that the others are compared with (default: lru, or the first).")
  var baseline: String?

  @Option(
    help: "The TTFT that is promised, drawn as a line: 500ms, 2s (default: the experiment's).",
    transform: duration)
  var ttftSlo: Nanoseconds?

  @Option(
    help: "The end-to-end latency that is promised, drawn as a line (default: the experiment's).",
    transform: duration)
  var e2eSlo: Nanoseconds?

  func run() async throws {
    let store = try RunStore(database.path)
    let selection = ReportData.Selection(
      experiment: experiment, baseline: baseline, objective: SLO(ttft: ttftSlo, e2e: e2eSlo))
    let data = try ReportData.load(from: store, selection, title: title)
    print(try await Report(data).write(to: output))
  }

  private static func duration(_ text: String) throws -> Nanoseconds {
    guard let time = Quantity.nanoseconds(text), time > 0 else {
      throw ValidationError("expected a time such as 500ms or 2s, found \"\(text)\"")
    }
    return time
  }
}
