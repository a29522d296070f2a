import ArgumentParser
import Workload

/// `pitwall trace transform`.
struct TraceTransformCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transform",
    abstract: "Apply transforms to a trace, in the order given, and write the result.",
    discussion: """
      EXAMPLES
        pitwall trace transform week.csv hour.csv --apply jitter --apply "fold span=1h"
        pitwall trace transform conv.csv busy.pwt --apply "graft ids=gentd.csv adapters-only=true"
        pitwall trace transform gentd.csv shuffled.csv --apply shuffle --seed 7

      \(TraceOptions.transforms)
      """)

  @Argument(help: "The trace to read, or a generator file.")
  var input: String

  @Argument(help: "Where to write: .csv, .csv.gz or .pwt, or - for CSV on standard output.")
  var output: String

  @OptionGroup var options: TraceOptions

  func run() throws {
    try TraceWriter.write(try options.open(input), to: output)
  }
}
