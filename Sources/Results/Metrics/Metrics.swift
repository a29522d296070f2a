import Orchestration
import Primitives

/// Computes every metric of a run. A metric that has no value (no request finished, no adapter was
/// referenced, no objective was given) is absent, never zero or NaN.
public struct Metrics {
  private let outcome: RunOutcome
  private var values: [MetricValue] = []

  /// The metrics of a run, in the order of ``MetricDefinition/all``.
  public static func of(_ outcome: RunOutcome, slo: SLO = SLO()) -> [MetricValue] {
    var metrics = Metrics(outcome: outcome)
    metrics.addLatencies()
    metrics.addLoadWait()
    metrics.addCompletion(slo)
    metrics.addHitRatios()
    metrics.addTransfers()
    metrics.addPrefetch()
    metrics.addOccupancy()
    metrics.addFairness()
    return metrics.values.sorted { MetricDefinition.rank($0.name) < MetricDefinition.rank($1.name) }
  }

  private init(outcome: RunOutcome) { self.outcome = outcome }

  private mutating func add(_ name: String, _ value: Double?) {
    guard let value, value.isFinite, let definition = MetricDefinition.named(name) else { return }
    values.append(MetricValue(name: name, value: value, unit: definition.unit))
  }

  private mutating func add(_ name: String, count: some BinaryInteger) { add(name, Double(count)) }

  /// A ratio, absent where there is nothing to divide by.
  private mutating func add(_ name: String, _ part: Int64, of whole: Int64) {
    add(name, whole > 0 ? Double(part) / Double(whole) : nil)
  }

  // MARK: Latencies

  private static let quantiles = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)]

  private mutating func addLatencies() {
    let finished = outcome.requests.filter { $0.outcome == .finished }
    addDistribution("ttft", finished.compactMap { $0.ttft.map(Double.init) })
    addDistribution("tpot", finished.compactMap(\.tpot))
    addDistribution("e2e", finished.compactMap { $0.e2e.map(Double.init) })
    addDistribution("queue", finished.compactMap { $0.queueTime.map(Double.init) })
    addTokenGaps()
  }

  /// - Parameter times: in nanoseconds.
  private mutating func addDistribution(_ name: String, _ times: [Double]) {
    guard !times.isEmpty else { return }
    let sorted = times.sorted()
    add("\(name)_mean", Metrics.mean(sorted) / 1e6)
    for (label, q) in Metrics.quantiles {
      add("\(name)_\(label)", Quantile.of(sorted: sorted, q).map { $0 / 1e6 })
    }
  }

  private mutating func addTokenGaps() {
    let gaps = outcome.tokenGaps.filter { $0.count > 0 }
    var through: [Int64] = []
    var total: Int64 = 0
    var sum = 0.0
    for gap in gaps {
      total += gap.count
      through.append(total)
      sum += Double(gap.gap) * Double(gap.count)
    }
    guard total > 0 else { return }
    add("itl_mean", sum / Double(total) / 1e6)
    for (label, q) in Metrics.quantiles {
      let value = Quantile.interpolated(count: Int(total), q) { index in
        // The first pair whose cumulative count goes beyond the index holds it.
        let pair = through.partitioningIndex { $0 > Int64(index) }
        return Double(gaps[min(pair, gaps.count - 1)].gap)
      }
      add("itl_\(label)", value.map { $0 / 1e6 })
    }
  }

  private mutating func addLoadWait() {
    let waits = outcome.requests.lazy.filter { $0.outcome != .unsent }
      .map { Double($0.loadWait) }.sorted()
    guard !waits.isEmpty else { return }
    add("load_wait_mean", Metrics.mean(waits) / 1e6)
    add("load_wait_p99", Quantile.of(sorted: waits, 0.99).map { $0 / 1e6 })
    add("load_wait_total", waits.reduce(0, +) / 1e9)
  }

  // MARK: Completion and throughput

  private mutating func addCompletion(_ slo: SLO) {
    var good: Int64 = 0
    var ended = [Int64](repeating: 0, count: Outcome.allCases.count)
    var prompt: Int64 = 0
    var output: Int64 = 0
    var preempted: Int64 = 0
    var first = Nanoseconds.max
    var lastArrival = Nanoseconds.min
    var last = Nanoseconds.min
    for request in outcome.requests {
      ended[Int(request.outcome.rawValue)] += 1
      preempted += Int64(request.preemptions)
      first = min(first, request.arrival)
      lastArrival = max(lastArrival, request.arrival)
      guard request.outcome == .finished else { continue }
      last = max(last, request.finished)
      prompt += Int64(request.promptTokens)
      output += Int64(request.outputTokens)
      if slo.isMet(by: request) { good += 1 }
    }
    add("completed", count: ended[0])
    add("rejected", count: ended[1])
    add("aborted", count: ended[2])
    add("unsent", count: ended[3])
    add("preemptions", count: preempted)
    if !slo.isEmpty { add("slo_attainment", good, of: Int64(outcome.requests.count)) }
    guard ended[0] > 0, last > first else { return }
    let makespan = (last - first).seconds
    add("makespan", makespan)
    add("arrival_span", (lastArrival - first).seconds)
    add("request_throughput", Double(ended[0]) / makespan)
    add("input_token_throughput", Double(prompt) / makespan)
    add("output_token_throughput", Double(output) / makespan)
    add("total_token_throughput", Double(prompt + output) / makespan)
    if !slo.isEmpty { add("goodput", Double(good) / makespan) }
  }

  // MARK: Adapters

  private mutating func addHitRatios() {
    let counters = outcome.counters
    for (suffix, found, total) in [
      ("hit_ratio", counters.found, counters.references),
      ("byte_hit_ratio", counters.foundBytes, counters.referencedBytes),
    ] {
      // Each tier is asked for what the nearer ones did not have.
      var asked = total
      for (tier, name) in [(Tier.device, ""), (.host, "_host"), (.disk, "_disk")] {
        let hits = found[Int(tier.rawValue)]
        add(suffix + name, hits, of: asked)
        asked -= hits
      }
    }
  }

  private mutating func addTransfers() {
    let counters = outcome.counters
    for tier in [Tier.device, .host, .disk] {
      let index = Int(tier.rawValue)
      add("loads_\(tier)", count: counters.loads[index])
      add("bytes_moved_\(tier)", count: counters.bytesMoved[index])
      add("evictions_\(tier)", count: counters.evictions[index])
    }
  }

  private mutating func addPrefetch() {
    let counters = outcome.counters
    guard counters.prefetches > 0 else { return }
    add("prefetch_precision", counters.prefetchesUsed, of: counters.prefetches)
    add(
      "prefetch_recall", counters.prefetchesUsed,
      of: counters.prefetchesUsed + counters.demandLoads)
    add("prefetch_late_share", counters.prefetchesLate, of: counters.prefetchesUsed)
    add("prefetch_wasted_bytes", count: counters.prefetchWastedBytes)
  }

  // MARK: Over time

  private mutating func addOccupancy() {
    let occupancy = outcome.occupancy ?? Occupancy(outcome.samples, end: outcome.end)
    let replicas = max(
      occupancy?.replicas ?? 0, Int(outcome.requests.lazy.map(\.replica).max() ?? 0) + 1)
    if outcome.end > 0 {
      add(
        "utilisation", outcome.counters.busy.seconds / (outcome.end.seconds * Double(replicas)))
    }
    guard let occupancy else { return }
    add("queue_depth_mean", occupancy.waiting)
    add("queue_depth_max", count: occupancy.deepestQueue)
    add("running_mean", occupancy.running)
    let capacity = Double(outcome.memory.capacity) * Double(occupancy.replicas)
    guard capacity > 0 else { return }
    add("kv_occupancy_mean", occupancy.kvBytes / capacity)
    add("adapter_occupancy_mean", occupancy.adapterBytes / capacity)
  }

  /// R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness and Discrimination", DEC-TR-301,
  /// 1984, over each tenant's experienced service rate. Service weighs an output token twice a
  /// prompt token: Y. Sheng et al., "Fairness in Serving Large Language Models", OSDI'24.
  private mutating func addFairness() {
    let tenants = Int(outcome.requests.lazy.map(\.tenant).max() ?? 0) + 1
    var served = [Double](repeating: 0, count: tenants)
    var present = [Double](repeating: 0, count: tenants)
    var asked = [Bool](repeating: false, count: tenants)
    for request in outcome.requests where request.tenant >= 0 {
      let tenant = Int(request.tenant)
      asked[tenant] = true
      if request.outcome == .finished {
        served[tenant] += Double(request.promptTokens) + 2 * Double(request.outputTokens)
      }
      let left = request.finished == RequestRecord.never ? outcome.end : request.finished
      present[tenant] += Double(max(0, left - request.arrival))
    }
    let rates = (0..<tenants).filter { asked[$0] }.map { tenant in
      present[tenant] > 0 ? served[tenant] / present[tenant] : 0
    }
    guard rates.count > 1 else { return }
    add("fairness_jain", Metrics.jain(rates))
  }

  /// Jain's index of an allocation: 1 where all are equal, 1/n where one has everything; nil where
  /// nobody has anything.
  static func jain(_ shares: [Double]) -> Double? {
    let squares = shares.reduce(0) { $0 + $1 * $1 }
    guard squares > 0 else { return nil }
    let sum = shares.reduce(0, +)
    return sum * sum / (Double(shares.count) * squares)
  }

  private static func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(values.count)
  }
}

extension Array {
  /// The index of the first element for which `belongs` holds, in an array where it holds for no
  /// element before one for which it does not.
  /// - Complexity: O(log n).
  func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
