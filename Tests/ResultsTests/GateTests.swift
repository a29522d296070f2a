import Foundation
import Primitives
import Replay
import Testing

@testable import Results

@Suite struct GateFileTests {
  private func message(_ text: String) -> String {
    do {
      _ = try GateFile(YAMLValue.parse(text, file: "g.yaml"))
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func everyKindOfBoundIsRead() throws {
    let gate = try GateFile(
      YAMLValue.parse(
        """
        database: r.sqlite
        experiment: day
        alpha: 0.01
        min_seeds: 8
        baseline: lru
        limits:
          - {metric: ttft_p99, strategy: new, workload: day, sweep: 16, max: 1.5 s}
          - {metric: hit_ratio, strategy: new, min: 90 %, max_decrease: 0.02}
          - {metric: bytes_moved_device, strategy: new, max: 2GiB, max_increase: 5 %}
          - {metric: goodput, strategy: lru, baseline: {database: old.sqlite}, max_decrease: 0.5 req/s}
          - {metric: loads_device, strategy: new, unchanged: true}
        """, file: "g.yaml"))
    #expect(gate.database == "r.sqlite")
    #expect(gate.experiment == "day")
    #expect(gate.alpha == 0.01)
    #expect(gate.minimumSeeds == 8)
    #expect(
      gate.limits.map(\.bound) == [
        .max(1500), .min(0.9), .maxDecrease(.absolute(0.02)), .max(2_147_483_648),
        .maxIncrease(.relative(0.05)), .maxDecrease(.absolute(0.5)), .unchanged,
      ])
    #expect(gate.limits[0].workload == "day")
    #expect(gate.limits[0].sweep == .point(16))
    #expect(gate.limits[4].baseline == GateFile.Baseline(strategy: "lru"))
    #expect(gate.limits[5].baseline == GateFile.Baseline(database: "old.sqlite"))
    #expect(gate.limits[5].place == "g.yaml:10:5")
  }

  @Test(arguments: [
    ("limits: []\n", "g.yaml:1:9: limits: there is no limit"),
    ("alpha: 0.05\n", "g.yaml:1:1: \"limits\" is missing"),
    ("limitz: []\nlimits: []\n", "g.yaml:2:9: limits: there is no limit"),
    (
      "limits: [{metric: ttft_p9, strategy: a, max: 1 s}]\n",
      "g.yaml:1:19: limits[0].metric: unknown metric \"ttft_p9\" (did you mean \"ttft_p90\"?)"
    ),
    (
      "limits: [{metric: ttft_p99, strategy: a, max: 500}]\n",
      "g.yaml:1:47: limits[0].max: expected a time with its unit, such as 500 ms, found \"500\""
    ),
    (
      "limits: [{metric: ttft_p99, strategy: a}]\n",
      "g.yaml:1:10: limits[0]: needs one of max, min, max_increase, max_decrease, unchanged"
    ),
    (
      "limits: [{metric: ttft_p99, strategy: a, max_increase: 5 %}]\n",
      "g.yaml:1:10: limits[0]: needs a baseline: another strategy, or another database"
    ),
    (
      "baseline: b\nlimits: [{metric: ttft_p99, strategy: a, max_increase: 0 %}]\n",
      "g.yaml:2:56: limits[0].max_increase: must be above 0; for no change at all use "
        + "unchanged: true"
    ),
    (
      "limits: [{metric: ttft_p99, strategy: a, max: 1 s, max_increse: 5 %}]\n",
      "g.yaml:1:52: unknown key \"max_increse\" (did you mean \"max_increase\"?)"
    ),
    (
      "limits: [{metric: ttft_p99, strategy: a, max: 1 s}]\nalhpa: 0.1\n",
      "g.yaml:2:1: unknown key \"alhpa\" (did you mean \"alpha\"?)"
    ),
    (
      "limits: [{metric: ttft_p99, strategy: a, max: 1 s}]\nalpha: 2\n",
      "g.yaml:2:8: alpha: 2.0 is outside 0.0001...0.5"
    ),
  ])
  func mistakesNameLineAndKey(text: String, expected: String) {
    #expect(message(text) == expected)
  }
}

@Suite struct GateTests {
  let scratch: Scratch
  let store: RunStore

  init() throws {
    scratch = try Scratch()
    store = try RunStore(scratch.path(), for: .writing)
  }

  private func check(_ limits: String, header: String = "") throws -> GateReport {
    let file = try GateFile(
      YAMLValue.parse("\(header)\nlimits:\n\(limits)\n", file: "gate.yaml"))
    return try Gate.check(file, database: scratch.path())
  }

  private func states(_ limits: String, header: String = "") throws -> [String] {
    try check(limits, header: header).checks.map(\.stateText)
  }

  @Test func absoluteLimits() throws {
    try saveRuns(store, "lru", seeds: 1..<9) { 100 + own($0, "a") }
    let report = try check(
      """
      - {metric: ttft_mean, strategy: lru, max: 110 ms, min: 90 ms}
      - {metric: ttft_mean, strategy: lru, max: 90 ms}
      - {metric: ttft_mean, strategy: lru, max: 100 ms}
      """)
    #expect(report.checks.map(\.stateText) == ["pass", "pass", "FAIL", "inconclusive"])
    #expect(report.outcome == .regression)
    #expect(report.checks[2].reason?.contains("mean excess over the limit between") == true)
  }

  @Test func relativeLimitsSeeThroughSharedLuck() throws {
    try saveRuns(store, "lru", seeds: 1..<9) { shared($0) + own($0, "a") }
    try saveRuns(store, "same", seeds: 1..<9) { shared($0) + own($0, "b") }
    try saveRuns(store, "slow", seeds: 1..<9) { 1.08 * shared($0) + own($0, "c") }
    let limits = """
      - {metric: ttft_mean, strategy: same, max_increase: 5 %}
      - {metric: ttft_mean, strategy: same, max_increase: 6 ms}
      - {metric: ttft_mean, strategy: slow, max_increase: 5 %}
      - {metric: ttft_mean, strategy: slow, max_increase: 6 ms}
      - {metric: ttft_mean, strategy: slow, max_increase: 20 %}
      - {metric: ttft_mean, strategy: slow, max_decrease: 1 %}
      """
    #expect(
      try states(limits, header: "baseline: lru")
        == ["pass", "pass", "FAIL", "FAIL", "pass", "pass"])
  }

  /// A difference that is certain but smaller than the limit does not fail; one that may be larger
  /// than the limit but is not certain does not fail either.
  @Test func failureNeedsBothSignificances() throws {
    try saveRuns(store, "lru", seeds: 1..<9) { shared($0) }
    try saveRuns(store, "certain", seeds: 1..<9) { 1.01 * shared($0) }
    try saveRuns(store, "noisy", seeds: 1..<9) { 1.06 * shared($0) + 40 * own($0, "n") }
    #expect(
      try states(
        """
        - {metric: ttft_mean, strategy: certain, max_increase: 2 %}
        - {metric: ttft_mean, strategy: noisy, max_increase: 2 %}
        """, header: "baseline: lru") == ["pass", "inconclusive"])
  }

  @Test func whatIsMissingIsInconclusive() throws {
    try saveRuns(store, "lru", seeds: 1..<9) { shared($0) }
    try saveRuns(store, "few", seeds: 1..<4) { shared($0) }
    let report = try check(
      """
      - {metric: ttft_mean, strategy: few, max: 1 h}
      - {metric: ttft_mean, strategy: lru, baseline: few, max_increase: 5 %}
      - {metric: ttft_mean, strategy: lru, sweep: 8, max: 1 h}
      """)
    #expect(
      report.checks.map(\.judgement.state) == [
        .inconclusive("3 seeds, at least 5 are needed"),
        .inconclusive("3 seeds, at least 5 are needed"),
        .inconclusive("no runs at that point of a sweep"),
      ])
    #expect(report.outcome == .inconclusive)
  }

  @Test(arguments: [
    ("strategy: lrv, max: 1 h", "strategy: no run of DB has \"lrv\" (did you mean \"lru\"?)"),
    (
      "strategy: lru, workload: night, max: 1 h",
      "workload: no run of DB has \"night\" (known: day)"
    ),
    (
      "strategy: lru, baseline: lrv, max_increase: 5 %",
      "baseline strategy: no run of DB has \"lrv\" (did you mean \"lru\"?)"
    ),
  ])
  func namesThatNoRunHasAreMistakes(limit: String, message: String) throws {
    try saveRuns(store, "lru", seeds: 1..<9) { shared($0) }
    let expected = message.replacing("DB", with: scratch.path())
    #expect(throws: PitwallError(.data, at: "gate.yaml:3:3", expected)) {
      try check("- {metric: ttft_mean, \(limit)}")
    }
  }

  @Test func metricsThatNoRunHasAreMistakes() throws {
    try saveRuns(store, "lru", seeds: 1..<9) { shared($0) }
    #expect(throws: PitwallError.self) { try check("- {metric: goodput, strategy: lru, min: 1}") }
    try saveRuns(store, "other", seeds: 1..<2, metric: "goodput") { shared($0) }
    #expect(try states("- {metric: goodput, strategy: lru, min: 1}") == ["inconclusive"])
  }

  /// What is yet to run may bring the name.
  @Test func namesAreNotJudgedBeforeTheExperimentIsFinished() throws {
    try saveRuns(store, "lru", seeds: 1..<9) { shared($0) }
    try store.plan(
      ExperimentDescription(name: "day", config: ""),
      runIDs: ["day-lru-1-0.0-d", "day-lrv-1-0.0-d"])
    #expect(try states("- {metric: ttft_mean, strategy: lrv, max: 1 h}") == ["inconclusive"])
  }

  @Test func aBaselineDatabaseMustBeThereEvenWithoutRuns() throws {
    let file = try GateFile(
      YAMLValue.parse(
        "limits: [{metric: ttft_mean, strategy: lru, max_increase: 5 %}]", file: "g.yaml"),
      baselineDatabase: scratch.path("none.sqlite"))
    #expect(
      throws: PitwallError(.noInput, at: scratch.path("none.sqlite"), "no such database")
    ) { try Gate.check(file, database: scratch.path()) }
  }

  @Test func unchangedMeansToTheBit() throws {
    let old = try RunStore(scratch.path("old.sqlite"), for: .writing)
    try saveRuns(old, "lru", seeds: 1..<3) { shared($0) }
    try saveRuns(store, "lru", seeds: 1..<3) { shared($0) }
    let limit = """
      - {metric: ttft_mean, strategy: lru, baseline: {database: "\(scratch.path("old.sqlite"))"},
         unchanged: true}
      """
    #expect(try states(limit) == ["pass"])
    try saveRuns(store, "lru", seeds: 3..<4) { shared($0) }
    try saveRuns(old, "lru", seeds: 3..<4) { shared($0).nextUp }
    #expect(try states(limit) == ["FAIL"])
  }

  @Test func eachPointOfASweepIsACheck() throws {
    for slots in [8.0, 16] {
      try saveRuns(store, "lru", seeds: 1..<9, sweep: SweepPoint("slots", slots)) {
        1000 / slots + own($0, "s")
      }
    }
    let report = try check("- {metric: ttft_mean, strategy: lru, sweep: all, max: 100 ms}")
    #expect(report.checks.map(\.subjectText) == ["day slots=8", "day slots=16"])
    #expect(report.checks.map(\.stateText) == ["FAIL", "pass"])
    #expect(
      try states("- {metric: ttft_mean, strategy: lru, sweep: 16, max: 100 ms}") == ["pass"])
    #expect(
      try states("- {metric: ttft_mean, strategy: lru, max: 100 ms}") == ["inconclusive"],
      "no run outside of the sweep")
    try saveRuns(store, "lru", seeds: 1..<9) { 50 + own($0, "s") }
    #expect(try states("- {metric: ttft_mean, strategy: lru, max: 100 ms}") == ["pass"])
  }

  @Test func allPassingIsExitCodeZero() throws {
    try saveRuns(store, "lru", seeds: 1..<9) { shared($0) }
    let report = try check("- {metric: ttft_mean, strategy: lru, max: 1 s}")
    #expect(report.outcome.rawValue == 0)
    #expect(report.summary == "pass: 1 of 1 checks passed, 0 failed, 0 inconclusive")
    #expect(GateReport.Outcome.regression.rawValue == 2)
    #expect(GateReport.Outcome.inconclusive.rawValue == 3)
  }

  // MARK: Reports

  @Test func reportsAreWellFormedWhateverTheNames() throws {
    let evil = "<a href=\"x\">&'|`\u{1}"
    try saveRuns(store, evil, seeds: 1..<9, workload: "w|\(evil)") { 100 + own($0, "a") }
    try saveRuns(store, "few", seeds: 1..<2) { shared($0) }
    let file = GateFile.Limit(
      metric: try MetricDefinition.required("ttft_mean"), strategy: evil, sweep: .none,
      bound: .max(50),
      baseline: GateFile.Baseline(), place: "gate.yaml:1:1")
    var gate = try GateFile(
      YAMLValue.parse(
        "limits: [{metric: ttft_mean, strategy: few, max: 1 s}]", file: "gate.yaml"))
    gate.limits.append(file)
    let report = try Gate.check(gate, database: scratch.path())
    #expect(report.checks.map(\.stateText) == ["inconclusive", "FAIL"])

    let cases = XMLCases(report.junit())
    #expect(cases.isWellFormed)
    #expect(
      cases.names == [
        "few ttft_mean max 1000 ms", "<a href=\"x\">&'|`\u{fffd} ttft_mean max 50 ms",
      ])
    #expect(cases.elements.filter { $0 == "failure" }.count == 1)
    #expect(cases.elements.filter { $0 == "error" }.count == 1)
    #expect(report.junit().contains("tests=\"2\" failures=\"1\" errors=\"1\""))

    let rows = report.markdown().split(separator: "\n").filter { $0.hasPrefix("|") }
    #expect(rows.count == 4)
    // Unescaped bars part the cells: ten a row.
    for row in rows {
      let bars = row.split(separator: "\\|").reduce(0) { $0 + $1.filter { $0 == "|" }.count }
      #expect(bars == 11)
    }
    #expect(!report.markdown().contains("<a"))
  }
}

@Suite struct GateSelfTestTests {
  private var small: GateSelfTest {
    var test = GateSelfTest()
    test.trials = 12
    test.resamples = 1000
    return test
  }

  @Test func theGateKeepsItsPromises() throws {
    let rows = try small.run()
    #expect(rows.map(\.holds) == [true, true, true])
    #expect(rows.map(\.slowdown) == [0, 0.02, 0.05])
  }

  /// A source in which nothing ever becomes slower must make the self-test fail.
  @Test func aDeafGateIsFoundOut() throws {
    let rows = try small.run { draw in
      try GateSelfTest.queueSource(
        GateSelfTest.Draw(seed: draw.seed, side: draw.side, slowdown: 1))
    }
    #expect(rows.map(\.holds) == [true, true, false])
  }

  /// A source in which the second side is always slower looks like false alarms.
  @Test func aJumpyGateIsFoundOut() throws {
    let rows = try small.run { draw in
      try GateSelfTest.queueSource(
        GateSelfTest.Draw(
          seed: draw.seed, side: draw.side, slowdown: draw.side == 1 ? 1.06 : 1))
    }
    #expect(rows.map(\.holds) == [false, false, true])
  }
}
