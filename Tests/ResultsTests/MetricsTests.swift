import Orchestration
import Primitives
import Replay
import Testing

@testable import Results

@Suite struct MetricsTests {
  private let ms: Nanoseconds = 1_000_000

  private func request(
    _ index: Int32, tenant: Int32 = 0, arrival: Nanoseconds, admitted: Nanoseconds,
    first: Nanoseconds, finished: Nanoseconds, prompt: Int32 = 10, output: Int32
  ) -> RequestRecord {
    var record = RequestRecord(
      request: index, tenant: tenant, adapterSet: 0, promptTokens: prompt, arrival: arrival * ms)
    record.admitted = admitted * ms
    record.firstToken = first * ms
    record.finished = finished * ms
    record.outputTokens = output
    record.outcome = .finished
    return record
  }

  private func values(_ outcome: RunOutcome, slo: SLO = SLO()) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: Metrics.of(outcome, slo: slo).map { ($0.name, $0.value) })
  }

  /// Three requests that finish and one that is rejected, worked by hand.
  private var small: [RequestRecord] {
    var rejected = RequestRecord(
      request: 3, tenant: 1, adapterSet: 0, promptTokens: 10, arrival: 500 * ms)
    rejected.outcome = .rejected
    rejected.finished = 500 * ms
    return [
      request(0, arrival: 0, admitted: 10, first: 100, finished: 500, output: 5),
      request(1, arrival: 100, admitted: 100, first: 300, finished: 300, output: 1),
      request(2, tenant: 1, arrival: 200, admitted: 250, first: 600, finished: 1000, output: 3),
      rejected,
    ]
  }

  @Test func latenciesByHand() {
    let m = values(makeOutcome(small))
    // TTFT 100, 200, 400.
    #expect(abs((m["ttft_mean"] ?? 0) - 700.0 / 3) < 1e-9)
    #expect(m["ttft_p50"] == 200)
    #expect(abs((m["ttft_p90"] ?? 0) - 360) < 1e-9, "200 + 0.8 x 200, as NumPy says")
    // TPOT 400 / 4 = 100 and 400 / 2 = 200; the request of one token has none.
    #expect(m["tpot_mean"] == 150)
    // E2E 500, 200, 800; queue 10, 0, 50.
    #expect(m["e2e_mean"] == 500)
    #expect(m["e2e_p50"] == 500)
    #expect(m["queue_mean"] == 20)
  }

  @Test func throughputAndGoodputByHand() {
    let slo = SLO(ttft: 250 * ms, tpot: 150 * ms)
    let m = values(makeOutcome(small), slo: slo)
    #expect(m["makespan"] == 1)
    #expect(m["arrival_span"] == 0.5)
    #expect(m["completed"] == 3)
    #expect(m["rejected"] == 1)
    #expect(m["aborted"] == 0)
    #expect(m["request_throughput"] == 3)
    #expect(m["input_token_throughput"] == 30)
    #expect(m["output_token_throughput"] == 9)
    #expect(m["total_token_throughput"] == 39)
    // Requests 0 and 1 (whose TPOT counts as 0) meet both bounds; 2 is too late.
    #expect(m["goodput"] == 2)
    #expect(m["slo_attainment"] == 0.5)
    #expect(values(makeOutcome(small))["goodput"] == nil, "no objective, no goodput")
  }

  @Test func fairnessByHand() {
    // Tenant 0: (20 + 12) tokens' worth over 500 + 200 ms; tenant 1: 16 over 800 + 0 ms.
    let rates = [32.0 / 700, 16.0 / 800]
    let sum = rates[0] + rates[1]
    let expected = sum * sum / (2 * (rates[0] * rates[0] + rates[1] * rates[1]))
    #expect(abs((values(makeOutcome(small))["fairness_jain"] ?? 0) - expected) < 1e-12)
    #expect(Metrics.jain([3, 3, 3]) == 1)
    #expect(Metrics.jain([5, 0, 0, 0]) == 0.25)
    #expect(Metrics.jain([0, 0]) == nil)
  }

  /// It is counted as not served, and is no part of what the server did.
  @Test func aRequestThatWasNeverSent() {
    var waited = small
    waited[0].loadWait = 8 * ms
    var unsent = RequestRecord(
      request: 4, tenant: 1, adapterSet: 0, promptTokens: 10, arrival: 900 * ms)
    unsent.outcome = .unsent
    unsent.finished = 900 * ms
    let slo = SLO(ttft: 250 * ms)
    let before = values(makeOutcome(waited), slo: slo)
    let m = values(makeOutcome(waited + [unsent]), slo: slo)
    #expect(before["unsent"] == 0 && m["unsent"] == 1)
    #expect(before["slo_attainment"] == 0.5 && m["slo_attainment"] == 0.4)
    for name in ["completed", "rejected", "aborted", "load_wait_mean", "ttft_mean", "e2e_p99"] {
      #expect(m[name] == before[name] && m[name] != nil, "\(name)")
    }
  }

  @Test func tiersAreAskedForWhatNearerOnesDidNotHave() {
    var counters = Counters()
    counters.references = 100
    counters.found = [5, 15, 20, 60]
    counters.referencedBytes = 1000
    counters.foundBytes = [500, 0, 0, 500]
    counters.prefetches = 10
    counters.prefetchesUsed = 6
    counters.prefetchesLate = 3
    counters.demandLoads = 18
    counters.busy = 1000 * ms
    let m = values(makeOutcome(small, counters: counters, end: 2000 * ms))
    #expect(m["hit_ratio"] == 0.6)
    #expect(m["hit_ratio_host"] == 0.5)
    #expect(m["hit_ratio_disk"] == 0.75)
    #expect(m["byte_hit_ratio"] == 0.5)
    #expect(m["byte_hit_ratio_host"] == 0)
    #expect(m["prefetch_precision"] == 0.6)
    #expect(m["prefetch_recall"] == 0.25)
    #expect(m["prefetch_late_share"] == 0.5)
    #expect(m["utilisation"] == 0.5)
  }

  @Test func whatHasNoValueIsAbsent() {
    #expect(values(makeOutcome([]))["ttft_mean"] == nil)
    #expect(values(makeOutcome([]))["hit_ratio"] == nil)
    #expect(values(makeOutcome([]), slo: SLO(ttft: 1))["slo_attainment"] == nil)
    let one = [request(0, arrival: 0, admitted: 0, first: 0, finished: 0, output: 1)]
    let m = values(makeOutcome(one), slo: SLO(e2e: 1))
    #expect(m["ttft_mean"] == 0)
    #expect(m["tpot_mean"] == nil)
    #expect(m["goodput"] == nil, "no time passed")
    #expect(m["slo_attainment"] == 1)
    #expect(m["fairness_jain"] == nil, "one tenant")
  }

  @Test func pooledGapsEqualTheirExpansion() {
    var random = RandomStream(seed: 3, purpose: "gaps")
    for _ in 0..<50 {
      var gap: Nanoseconds = 0
      let gaps = (0..<(1 + random.index(below: 6))).map { _ in
        gap += Nanoseconds(1 + random.index(below: 1000))
        return TokenGap(gap: gap, count: Int64(random.index(below: 5)))
      }
      let expanded = gaps.flatMap { gap in (0..<gap.count).map { _ in gap.gap } }
      let m = values(makeOutcome([], tokenGaps: gaps))
      for (name, q) in [("itl_p50", 0.5), ("itl_p90", 0.9), ("itl_p99", 0.99)] {
        let expected = Quantile.of(sorted: expanded.map(Double.init), q).map { $0 / 1e6 }
        #expect(m[name] == expected)
      }
    }
  }

  @Test func occupancyFromSamplesEqualsABruteForceSum() {
    var random = RandomStream(seed: 5, purpose: "samples")
    for _ in 0..<30 {
      var at = 0
      let samples = (0..<20).map { index in
        if index % 2 == 0 { at += random.index(below: 5) }
        return Sample(
          at: Nanoseconds(at), replica: Int16(index % 2), waiting: Int32(random.index(below: 9)),
          running: 0, kvBytes: Int64(random.index(below: 500)), adapterBytes: 0,
          residentAdapters: 0, references: 0, hits: 0)
      }
      let end = at + 3
      let start = Int(samples[0].at)
      // Instant by instant, the last sample of each replica.
      var waiting = 0.0
      var kv = 0.0
      var deepest: Int32 = 0
      for instant in start..<end {
        let state = (0..<2).compactMap { replica in
          samples.last { $0.replica == Int16(replica) && $0.at <= Nanoseconds(instant) }
        }
        waiting += Double(state.map(\.waiting).reduce(0, +))
        kv += Double(state.map(\.kvBytes).reduce(0, +))
        deepest = max(deepest, state.map(\.waiting).reduce(0, +))
      }
      let occupancy = Occupancy(samples, end: Nanoseconds(end))
      #expect(abs((occupancy?.waiting ?? -1) - waiting / Double(end - start)) < 1e-9)
      #expect(abs((occupancy?.kvBytes ?? -1) - kv / Double(end - start)) < 1e-9)
      #expect(occupancy?.deepestQueue == Int64(deepest))
    }
  }

  @Test func aMeasuredOccupancyGoesBeforeSamples() {
    var outcome = fullOutcome()
    outcome.occupancy = Occupancy(
      waiting: 2.5, running: 4, kvBytes: 100, adapterBytes: 50, deepestQueue: 9, replicas: 2)
    let m = values(outcome)
    #expect(m["queue_depth_mean"] == 2.5 && m["queue_depth_max"] == 9 && m["running_mean"] == 4)
    #expect(m["kv_occupancy_mean"] == 0.05 && m["adapter_occupancy_mean"] == 0.025)
  }

  @Test func quantilesAreNumPysDefault() {
    // numpy.quantile([1, 2, 4, 8, 16], q)
    let data = [1.0, 2, 4, 8, 16]
    for (q, expected) in [(0.0, 1.0), (0.1, 1.4), (0.5, 4), (0.9, 12.8), (0.99, 15.68), (1, 16)] {
      #expect(abs((Quantile.of(sorted: data, q) ?? -1) - expected) < 1e-12)
    }
    #expect(Quantile.of(sorted: [Double](), 0.5) == nil)
  }

  @Test func everyDefinedMetricIsComputedAndNoOther() {
    let names = MetricDefinition.all.map(\.name)
    #expect(Set(names).count == names.count)
    var counters = Counters()
    counters.references = 10
    counters.found = [1, 2, 3, 4]
    counters.referencedBytes = 10
    counters.foundBytes = [1, 2, 3, 4]
    counters.prefetches = 2
    counters.prefetchesUsed = 1
    let outcome = makeOutcome(
      small, samples: fullOutcome().samples, counters: counters,
      tokenGaps: [TokenGap(gap: 1, count: 1)])
    let computed = Metrics.of(outcome, slo: SLO(ttft: 1)).map(\.name)
    #expect(computed == names)
    #expect(MetricDefinition.headline.allSatisfy { MetricDefinition.named($0) != nil })
  }
}
