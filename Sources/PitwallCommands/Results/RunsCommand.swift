import ArgumentParser
import Foundation
import Primitives
import Results

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs",
    abstract: "List stored runs, or everything about one.",
    discussion: """
      A run's id may be shortened to any beginning that no other run has.

      EXAMPLES
        pitwall runs --strategy lru --metrics ttft_p99,goodput
        pitwall runs 1b273
        pitwall runs --definitions
      """)

  @Argument(help: ArgumentHelp("Show this run's provenance and metrics.", valueName: "run-id"))
  var runID: String?
  @OptionGroup var database: DatabaseOption
  @Option(help: "Only runs in this experiment's plan.") var experiment: String?
  @Option(help: "Only this workload.") var workload: String?
  @Option(help: "Only this strategy.") var strategy: String?
  @OptionGroup var metrics: MetricsOption
  @Flag(help: "Print what each metric means instead.") var definitions = false
  @Option(help: "How to print the result.") var format = OutputFormat.table

  func run() throws {
    let table =
      if definitions {
        definitionTable()
      } else if let runID {
        try runTable(runID)
      } else {
        try listTable()
      }
    print(table.rendered(as: format), terminator: "")
  }

  private func definitionTable() -> TextTable {
    var table = TextTable(["metric", "unit", "better", "definition"])
    for metric in MetricDefinition.all {
      table.append([
        .text(metric.name), .text(metric.unit.rawValue), .text(metric.direction.rawValue),
        .text(metric.summary),
      ])
    }
    return table
  }

  private func runTable(_ runID: String) throws -> TextTable {
    let store = try RunStore(database.path)
    let run = try store.run(startingWith: runID)
    let facts = run.description
    var table = TextTable(["name", "value", "unit"])
    for (name, value) in [
      ("run", facts.runID), ("workload", facts.workload), ("strategy", facts.strategy),
      ("backend", facts.backend), ("seed", "\(facts.seed)"), ("trace", facts.traceName),
      ("trace_digest", facts.traceDigest), ("code_revision", facts.codeRevision),
      ("model_version", facts.modelVersion), ("host", facts.host),
      ("started", facts.startedAt.formatted(.iso8601)),
      ("finished", facts.finishedAt.formatted(.iso8601)),
    ] {
      table.append([.text(name), .text(value)])
    }
    if let sweep = facts.sweep {
      table.append([.text(sweep.parameter), .number(sweep.value, decimals: 3)])
    }
    for column in facts.traceColumns {
      table.append([
        .text("column \(column.column)"), .text("\(column.provenance): \(column.note)"),
      ])
    }
    for metric in try store.metrics(of: run.id) {
      let whole = [.count, .bytes].contains(metric.unit) ? Int64(exactly: metric.value) : nil
      table.append([
        .text(metric.name), whole.map { .integer($0) } ?? .number(metric.value, decimals: 6),
        .text(metric.unit.rawValue),
      ])
    }
    return table
  }

  private func listTable() throws -> TextTable {
    let store = try RunStore(database.path)
    let filter = RunFilter(experiment: experiment, workload: workload, strategy: strategy)
    let names = metrics.metrics == nil ? ["ttft_p99", "hit_ratio"] : try metrics.names()
    let values = try store.metricTable(filter)
    var table = TextTable(
      ["run", "workload", "sweep", "strategy", "backend", "seed", "finished", "wall_s"] + names)
    for run in try store.runs(filter) {
      let facts = run.description
      let sweep = facts.sweep.map {
        TextTable.Cell.text("\($0.parameter)=\(NumberText.significant($0.value))")
      }
      let wall = facts.finishedAt.timeIntervalSince(facts.startedAt)
      table.append(
        [
          .text(facts.runID), .text(facts.workload), sweep ?? .missing, .text(facts.strategy),
          .text(facts.backend), .text("\(facts.seed)"),
          .text(facts.finishedAt.formatted(.iso8601)), .number(wall, decimals: 2),
        ]
          + names.map { name in
            values[run.id]?[name].map { .number($0, decimals: 4) } ?? .missing
          })
    }
    return table
  }
}
