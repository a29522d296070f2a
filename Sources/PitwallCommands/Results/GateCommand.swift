import ArgumentParser
import Primitives
import Results

struct GateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gate",
    abstract: "Check results against limits; for continuous integration.",
    discussion: """
      Exit code 0: every limit is kept. 2: a regression. 3: inconclusive, as runs are missing or
      too few to tell. Anything else: an error.

      A check fails only if its mean over seeds is beyond the limit with statistical significance
      (Holm-corrected over all checks) and its confidence interval lies wholly beyond the limit.
      It passes if the interval keeps within the limit.

      EXAMPLES
        pitwall gate gate.yaml
        pitwall gate gate.yaml --db branch.sqlite --baseline-db main.sqlite --junit gate.xml
        pitwall gate --self-test
      """)

  @Argument(
    help: ArgumentHelp("The gate: a YAML file of limits.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var file: String?
  @OptionGroup var database: DatabaseOption
  @Option(
    name: .customLong("baseline-db"),
    help: ArgumentHelp("Take baselines from this database.", valueName: "file"),
    completion: .file(extensions: ["sqlite"]))
  var baselineDatabase: String?
  @Option(
    help: ArgumentHelp("Also write a report in Markdown.", valueName: "file"),
    completion: .file(extensions: ["md"]))
  var markdown: String?
  @Option(
    help: ArgumentHelp("Also write a report in JUnit's XML.", valueName: "file"),
    completion: .file(extensions: ["xml"]))
  var junit: String?
  @Option(help: "How to print the result.") var format = OutputFormat.table
  @Flag(help: "Show that the gate passes what did not change and fails what became 5 % slower.")
  var selfTest = false

  func validate() throws {
    if (file == nil) != selfTest { throw ValidationError("name a gate file, or --self-test") }
  }

  func run() throws {
    guard let file else { return try runSelfTest() }
    let gate = try GateFile.read(file, baselineDatabase: baselineDatabase)
    if baselineDatabase != nil, !gate.limits.contains(where: \.bound.needsBaseline) {
      throw PitwallError(.usage, "--baseline-db: no limit in \(file) compares with a baseline")
    }
    let report = try Gate.check(
      gate, database: database.given ?? gate.database ?? DatabaseOption.defaultPath)
    if let markdown { try AtomicFile.write(report.markdown(), to: markdown) }
    if let junit { try AtomicFile.write(report.junit(), to: junit) }
    print(report.table().rendered(as: format), terminator: "")
    if format == .table { print("\n" + report.textSummary()) }
    if report.outcome != .pass { throw ExitCode(report.outcome.rawValue) }
  }

  private func runSelfTest() throws {
    let test = GateSelfTest()
    let rows = try test.run()
    var table = TextTable([
      "injected_slowdown", "gates", "failed", "passed", "inconclusive", "required", "holds",
    ])
    for row in rows {
      table.append([
        .text("\(NumberText.plain(row.slowdown * 100)) %"), .integer(Int64(test.trials)),
        .integer(Int64(row.failed)), .integer(Int64(row.passed)),
        .integer(Int64(row.inconclusive)), .text(row.requirement),
        .text(row.holds ? "yes" : "NO"),
      ])
    }
    print(table.rendered(as: format), terminator: "")
    if format == .table {
      print(
        "\nEach gate: 3 latency metrics of a simulated queue, \(test.seeds) paired seeds, "
          + "max_increase \(NumberText.plain(test.limit * 100)) %.")
    }
    if !rows.allSatisfy(\.holds) {
      throw PitwallError.fault("the gate does not do what it promises")
    }
  }
}

extension GateReport {
  /// One row a check.
  fileprivate func table() -> TextTable {
    var table = TextTable([
      "result", "strategy", "metric", "limit", "workload", "seeds", "baseline", "value", "change",
      "p",
    ])
    for check in checks {
      table.append([
        .text(check.stateText), .text(check.limit.strategy), .text(check.limit.metric.name),
        .text(check.limit.bound.text(check.limit.metric.unit)), .text(check.subjectText),
        .integer(Int64(check.seeds.count)), .text(check.baselineText), .text(check.valueText),
        .text(check.changeText), .text(check.pValueText),
      ])
    }
    return table
  }

  /// What did not pass and why, then the outcome.
  fileprivate func textSummary() -> String {
    let reasons = checks.compactMap { check in
      check.reason.map { "\(check.stateText): \(check.title), \(check.subjectText): \($0)\n" }
    }
    return reasons.joined() + summary
  }
}
