import Foundation
import Primitives
import Testing

@testable import Results

/// Saves one run a seed, with metrics that `value` gives; no records.
func saveRuns(
  _ store: RunStore, _ strategy: String, seeds: Range<UInt64>, workload: String = "day",
  metric: String = "ttft_mean", sweep: SweepPoint? = nil, traceDigest: String = "d",
  value: (UInt64) -> Double
) throws {
  for seed in seeds {
    var run = describe(
      "\(workload)-\(strategy)-\(seed)-\(sweep?.value ?? 0)-\(traceDigest)", workload: workload,
      strategy: strategy, seed: seed, sweep: sweep)
    run.traceDigest = traceDigest
    let metrics = [MetricValue(name: metric, value: value(seed), unit: .milliseconds)]
    try store.save(run, makeOutcome([]), metrics: metrics)
  }
}

/// Luck that both strategies share: the same seed, the same baseline value.
func shared(_ seed: UInt64) -> Double { 100 + Double(seed * 37 % 50) }

/// Luck of one run alone, within ±1.
func own(_ seed: UInt64, _ strategy: String) -> Double {
  var random = RandomStream(seed: seed, purpose: strategy)
  return 2 * random.uniform() - 1
}

@Suite struct ComparisonTests {
  let scratch: Scratch
  let store: RunStore

  init() throws {
    scratch = try Scratch()
    store = try RunStore(scratch.path(), for: .writing)
  }

  private func compare(
    _ a: String = "lru", _ b: String = "new", metrics: [String] = ["ttft_mean"],
    sweeps: Bool = false, configure: (inout Comparison.Options) -> Void = { _ in }
  ) throws -> Comparison {
    var options = Comparison.Options()
    options.metrics = metrics
    configure(&options)
    return try Comparison(
      RunSelection(store, strategy: a, includesSweeps: sweeps),
      RunSelection(store, strategy: b, includesSweeps: sweeps), options)
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test func pairingSeesThroughSharedLuck() throws {
    // Runs differ by ±25 from seed to seed, the strategies by 5: unpaired, nothing could be seen.
    try saveRuns(store, "lru", seeds: 1..<6) { shared($0) + own($0, "lru") }
    try saveRuns(store, "new", seeds: 1..<6) { shared($0) - 10 + own($0, "new") }
    let row = try #require(try compare().rows.first)
    #expect(row.verdict == .better)
    #expect(row.seeds == [1, 2, 3, 4, 5])
    #expect(abs(row.estimate.difference.mean + 10) < 2)
    #expect(row.estimate.interval?.contains(row.estimate.difference.mean) == true)
    #expect((row.estimate.relative ?? 0) < -0.05)

    let reverse = try #require(try compare("new", "lru").rows.first)
    #expect(reverse.verdict == .worse)
    #expect(reverse.estimate.difference.mean == -row.estimate.difference.mean)
  }

  @Test func verdictsNameWhatIsTrue() throws {
    try saveRuns(store, "lru", seeds: 1..<6) { shared($0) }
    try saveRuns(store, "same", seeds: 1..<6) { shared($0) }
    try saveRuns(store, "tiny", seeds: 1..<6) { shared($0) * 1.001 }
    try saveRuns(store, "noisy", seeds: 1..<6) { shared($0) + 40 * own($0, "noisy") }
    #expect(try compare("lru", "same").rows.first?.verdict == .equivalent)
    #expect(try compare("lru", "tiny").rows.first?.verdict == .equivalent, "below 1 %")
    #expect(try compare("lru", "noisy").rows.first?.verdict == .noDifference)
  }

  @Test func higherCanBeBetter() throws {
    try saveRuns(store, "lru", seeds: 1..<6, metric: "hit_ratio") { 0.5 + own($0, "a") / 1000 }
    try saveRuns(store, "new", seeds: 1..<6, metric: "hit_ratio") { 0.6 + own($0, "b") / 1000 }
    #expect(try compare(metrics: ["hit_ratio"]).rows.first?.verdict == .better)
    #expect(try compare("new", "lru", metrics: ["hit_ratio"]).rows.first?.verdict == .worse)
  }

  @Test func fewSeedsAreRefused() throws {
    try saveRuns(store, "lru", seeds: 1..<4) { shared($0) }
    try saveRuns(store, "new", seeds: 2..<6) { 2 * shared($0) }
    #expect(
      message { _ = try compare() }.contains(
        "day: 2 seeds in common (2, 3), a comparison needs at least 5"))
    let row = try compare { $0.allowsFewSeeds = true }.rows.first
    #expect(row?.verdict == .notEnoughSeeds)
    #expect(row?.seeds == [2, 3])
  }

  @Test func unknownNamesSuggestTheNearest() throws {
    try saveRuns(store, "predictive", seeds: 1..<6) { shared($0) }
    #expect(
      message { _ = try compare("predictive", "predictve") }.hasSuffix(
        "no runs of strategy \"predictve\" (did you mean \"predictive\"?)"))
    #expect(
      message { _ = try compare(metrics: ["ttft_p9"]) }
        == "unknown metric \"ttft_p9\" (did you mean \"ttft_p90\"?)")
  }

  @Test func seedsThatRepeatOneTraceAreNamed() throws {
    for seed in UInt64(1)..<6 {
      for strategy in ["lru", "new"] {
        try saveRuns(
          store, strategy, seeds: seed..<(seed + 1), workload: "drawn", traceDigest: "\(seed)"
        ) {
          shared($0)
        }
        try saveRuns(
          store, strategy, seeds: seed..<(seed + 1), workload: "recorded", traceDigest: "r"
        ) {
          shared($0)
        }
      }
    }
    let comparison = try compare()
    #expect(comparison.repeated.map(\.workload) == ["recorded"])
    #expect(comparison.exact.isEmpty, "the servers drew by seed")
    #expect(comparison.tests == 2)
  }

  @Test func seedsThatRepeatOneRunAreOneObservation() throws {
    try saveRuns(store, "lru", seeds: 1..<3, workload: "recorded") { _ in 100 }
    try saveRuns(store, "new", seeds: 1..<3, workload: "recorded") { _ in 80 }
    // More seeds would add nothing, and so few are enough.
    let alone = try compare()
    #expect(alone.exact == alone.repeated && alone.exact.map(\.workload) == ["recorded"])
    let row = try #require(alone.rows.first)
    #expect(row.verdict == .exact && row.seeds == [1, 2])
    #expect(row.estimate.difference.mean == -20 && row.estimate.relative == -0.2)
    #expect(row.estimate.interval == nil && row.estimate.relativeInterval == nil)
    #expect(row.adjustedPValue == nil && !row.exceedsMinimumEffect)

    // Nor is it one of the tests that others are corrected for.
    try saveRuns(store, "lru", seeds: 1..<6) { shared($0) + own($0, "lru") }
    try saveRuns(store, "new", seeds: 1..<6) { shared($0) - 10 + own($0, "new") }
    let both = try compare()
    #expect(both.tests == 1 && both.rows.map(\.verdict) == [.better, .exact])
    #expect(both.rows[0].adjustedPValue == both.rows[0].pValue)
  }

  @Test func onlyLatenciesOfRequestsAreComparedRequestByRequest() {
    #expect(RequestLatency(metric: "queue_p99") == .queue)
    #expect(RequestLatency(metric: "load_wait_total") == .loadWait)
    #expect(RequestLatency(metric: "queue_depth_mean") == nil)
    #expect(RequestLatency(metric: "itl_p99") == nil)
    for metric in MetricDefinition.all where RequestLatency(metric: metric.name) != nil {
      #expect([.milliseconds, .seconds].contains(metric.unit), "\(metric.name)")
    }
  }

  @Test func differentTracesAreNotPaired() throws {
    try saveRuns(store, "lru", seeds: 1..<6, traceDigest: "x") { shared($0) }
    try saveRuns(store, "new", seeds: 1..<6, traceDigest: "y") { shared($0) }
    #expect(message { _ = try compare() }.contains("replayed different traces"))
  }

  @Test func subjectsAreComparedEachAndCorrectedTogether() throws {
    for slots in [8.0, 16] {
      let sweep = SweepPoint("slots", slots)
      try saveRuns(store, "lru", seeds: 1..<6, sweep: sweep) { shared($0) + own($0, "l\(slots)") }
      try saveRuns(store, "new", seeds: 1..<6, sweep: sweep) { shared($0) + own($0, "n\(slots)") }
    }
    let rows = try compare(sweeps: true).rows
    #expect(rows.map(\.subject.description) == ["day slots=8", "day slots=16"])
    #expect(rows.map(\.adjustedPValue) == Holm.adjusted(rows.map(\.pValue)))
  }

  @Test func pointsWithFewSeedsCostTheOthersNoPower() throws {
    try saveRuns(store, "lru", seeds: 1..<6) { shared($0) + own($0, "lru") }
    try saveRuns(store, "new", seeds: 1..<6) { shared($0) - 10 + own($0, "new") }
    let alone = try #require(try compare().rows.first)
    for slots in 1...60 {
      let sweep = SweepPoint("slots", Double(slots))
      try saveRuns(store, "lru", seeds: 1..<2, sweep: sweep) { shared($0) }
      try saveRuns(store, "new", seeds: 1..<2, sweep: sweep) { 2 * shared($0) }
    }
    let comparison = try compare(sweeps: true) { $0.allowsFewSeeds = true }
    #expect(comparison.rows.count == 61 && comparison.tests == 1)
    #expect(comparison.rows[0].adjustedPValue == alone.adjustedPValue)
    #expect(comparison.rows[0].verdict == .better)
    for row in comparison.rows.dropFirst() {
      #expect(row.adjustedPValue == nil && row.verdict == .notEnoughSeeds)
    }
  }

  @Test func whatCorrectionTakesAwayIsNamed() throws {
    // Differences of -2 to -6: t = 5.7 with 4 degrees of freedom, p = 0.005 alone, 0.2 among 41.
    func candidate(_ seed: UInt64) -> Double { shared(seed) - 1 - Double(seed) }
    try saveRuns(store, "lru", seeds: 1..<6) { shared($0) }
    try saveRuns(store, "new", seeds: 1..<6) { candidate($0) }
    let alone = try #require(try compare().rows.first)
    #expect(alone.verdict == .better)
    for day in 1...40 {
      try saveRuns(store, "lru", seeds: 1..<6, workload: "other\(day)") { shared($0) }
      try saveRuns(store, "new", seeds: 1..<6, workload: "other\(day)") { shared($0) }
    }
    let among = try #require(try compare().rows.first)
    #expect(among.estimate == alone.estimate)
    #expect(among.verdict == .notSignificant)
  }

  @Test func whatMattersIsBeyondTheMinimumEffect() throws {
    try saveRuns(store, "lru", seeds: 1..<6) { shared($0) }
    try saveRuns(store, "little", seeds: 1..<6) { shared($0) * (0.99 + own($0, "x") / 500) }
    try saveRuns(store, "much", seeds: 1..<6) { shared($0) * (0.97 + own($0, "x") / 500) }
    let little = try #require(try compare("lru", "little").rows.first)
    let much = try #require(try compare("lru", "much").rows.first)
    #expect(little.verdict == .better && !little.exceedsMinimumEffect)
    #expect(much.verdict == .better && much.exceedsMinimumEffect)
  }

  @Test func theNewestRunOfASeedCounts() throws {
    try saveRuns(store, "lru", seeds: 1..<6) { shared($0) }
    try saveRuns(store, "new", seeds: 1..<6) { shared($0) }
    var rerun = describe("rerun", strategy: "new", seed: 3)
    rerun.traceDigest = "d"
    rerun.finishedAt += 100
    try store.save(
      rerun, makeOutcome([]),
      metrics: [MetricValue(name: "ttft_mean", value: 0, unit: .milliseconds)])
    let row = try compare().rows.first
    #expect(row?.estimate.difference.mean == -shared(3) / 5)
  }

  @Test func requestsArePairedByRow() throws {
    for seed in UInt64(1)...5 {
      for (strategy, slowdown) in [("lru", 1.0), ("new", 0.5)] {
        let outcome = makeOutcome(randomRequests(40, seed: seed, slowdown: slowdown))
        try store.save(
          describe("\(strategy)\(seed)", strategy: strategy, seed: seed), outcome,
          metrics: Metrics.of(outcome))
      }
    }
    let rows = try compare(metrics: ["ttft_p50", "tpot_mean", "completed"]).rows
    // Half the wait for everyone who waited; the decode phase is the same.
    #expect(rows[0].requests?.shareFaster ?? 0 > 0.99)
    #expect(rows[0].requests?.medianDifference ?? 0 < -5)
    #expect(rows[1].requests?.shareFaster == 0.5)
    #expect(rows[1].requests?.medianDifference == 0)
    #expect(rows[2].requests == nil, "not a latency")
    #expect(rows[0].requests?.pairs == Int(rows[2].estimate.meanA * 5 + 0.5))
  }

  @Test func anotherDatabaseCanBeTheBaseline() throws {
    let old = try RunStore(scratch.path("old.sqlite"), for: .writing)
    try saveRuns(old, "lru", seeds: 1..<6) { shared($0) + own($0, "old") }
    try saveRuns(store, "lru", seeds: 1..<6) { shared($0) * 1.1 + own($0, "now") }
    var options = Comparison.Options()
    options.metrics = ["ttft_mean"]
    let comparison = try Comparison(
      RunSelection(old, strategy: "lru"), RunSelection(store, strategy: "lru"), options)
    #expect(comparison.rows.first?.verdict == .worse)
  }

  @Test func requestEffectCountsTiesHalf() {
    let effect = RequestEffect([-2e6, 0, 0, 1e6])
    #expect(effect?.shareFaster == 0.5)
    #expect(effect?.medianDifference == 0)
    #expect(RequestEffect([-1e6, -3e6])?.shareFaster == 1)
    #expect(RequestEffect([]) == nil)
  }
}
