import Results

/// Replays of caches side by side: which policy missed how much, and how far that is from LRU and
/// from what is possible.
struct CacheComparison {
  /// Policies that a server can run, the best first; then the bounds.
  private(set) var online: [String]
  let bounds: [String]
  /// Traces or levels of load, and sizes, in the order in which they were replayed.
  let workloads: [String]
  let sizes: [String]
  private let runs: [Place: CacheRun]

  private struct Place: Hashable {
    var workload: String
    var size: String
    var policy: String
  }

  init(_ runs: [CacheRun]) {
    let places = runs.map {
      Place(workload: $0.workload, size: Self.size($0), policy: $0.policy)
    }
    self.runs = Dictionary(zip(places, runs), uniquingKeysWith: { first, _ in first })
    workloads = ReportDocument.unique(runs.map(\.workload))
    sizes = ReportDocument.unique(runs.map(Self.size))
    bounds = ReportDocument.unique(runs.filter(\.isClairvoyant).map(\.policy))
    online = ReportDocument.unique(runs.filter { !$0.isClairvoyant }.map(\.policy))
    let means = online.map { ($0, meanShare($0) ?? -.infinity) }
    online = means.sorted { ($0.1, $1.0) > ($1.1, $0.0) }.map(\.0)
  }

  /// `8 slots`, `1.5 GiB`.
  static func size(_ run: CacheRun) -> String {
    run.slots.map { "\($0) slots" } ?? Typeset.bytes(Double(run.capacity ?? 0))
  }

  func run(_ policy: String, _ workload: String, _ size: String) -> CacheRun? {
    runs[Place(workload: workload, size: size, policy: policy)]
  }

  /// The fewest misses that the bounds leave.
  func bound(_ workload: String, _ size: String) -> Int64? {
    bounds.compactMap { run($0, workload, size)?.misses }.min()
  }

  /// The share of the way from LRU (0) to the best bound (1) that a policy goes; negative where it
  /// misses more than LRU, nil where there is no way to go.
  func share(_ policy: String, _ workload: String, _ size: String) -> Double? {
    guard let own = run(policy, workload, size)?.misses,
      let lru = run("lru", workload, size)?.misses, let bound = bound(workload, size), bound < lru
    else { return nil }
    return Double(lru - own) / Double(lru - bound)
  }

  /// The shares on a workload, by size.
  func shares(_ policy: String, _ workload: String) -> [Double] {
    sizes.compactMap { share(policy, workload, $0) }
  }

  /// The mean share over all workloads and sizes; nil where there is none.
  func meanShare(_ policy: String) -> Double? {
    let all = workloads.flatMap { shares(policy, $0) }
    return all.isEmpty ? nil : all.reduce(0, +) / Double(all.count)
  }

  /// The policies that miss least at a place: more than one where they miss the same.
  func best(_ workload: String, _ size: String) -> [String] {
    let misses = online.compactMap { policy in
      run(policy, workload, size).map { (policy, $0.misses) }
    }
    let least = misses.map(\.1).min()
    return misses.filter { $0.1 == least }.map(\.0)
  }
}
