import Orchestration
import Primitives

/// Replays one trace through a cache of each policy at each size: every pair is a cell by itself,
/// with its own policy, its own random numbers and its own counts, so that cells can run on any
/// number of threads and give the same.
public struct CacheSweep: Sendable {
  /// One policy at one size.
  public struct Cell: Sendable {
    /// The policy as it was asked for, with its parameters.
    public let policy: String
    /// Whether it knows the future.
    public let isClairvoyant: Bool
    /// The size as it was asked for.
    public let size: CacheSize
    /// What fits: objects where the size is in slots, otherwise bytes.
    public let capacity: Bytes
    /// What was counted after the warm-up.
    public let counts: CacheCounts
  }

  /// The requests.
  public var trace: ObjectTrace
  /// Policies with their parameters, as on the command line: `slru segments=5`.
  public var policies: [String]
  /// Sizes of the cache.
  public var sizes: [CacheSize]
  /// Of policies that draw lots.
  public var seed: UInt64 = 1
  /// Requests at the beginning that are served and not counted.
  public var warmUp = 0
  /// The policies that there are.
  public var known: [EvictionEntry]

  /// Makes a sweep.
  public init(
    _ trace: ObjectTrace, policies: [String], sizes: [CacheSize], known: [EvictionEntry]
  ) {
    self.trace = trace
    self.policies = policies
    self.sizes = sizes
    self.known = known
  }

  /// Number of cells.
  public var count: Int { policies.count * sizes.count }

  /// Replays all cells; they come in the order of policies, then of sizes.
  /// - Parameters:
  ///   - threads: cells at a time.
  ///   - finished: told whenever a cell is done; returns false to give up.
  /// - Throws: `PitwallError` for a policy that is unknown or has wrong parameters;
  ///   `CancellationError` where `finished` gives up.
  public func run(
    threads: Int, finished: @escaping @Sendable () -> Bool = { true }
  ) async throws -> [Cell] {
    let parsed = try policies.map { try Parameters(parsing: $0) }
    let entries = try parsed.map { try PolicyRegistry.entry($0, kind: "eviction", from: known) }
    let future = entries.contains(where: \.isClairvoyant) ? trace.future : nil
    let pairs = zip(parsed, entries).flatMap { pair in sizes.map { (pair.0, pair.1, $0) } }
    return try await mapConcurrently(
      Array(zip(pairs, policies.flatMap { name in sizes.map { _ in name } })), threads: threads,
      finished: finished
    ) { task in
      let ((parameters, entry, size), name) = task
      let context = size.context(
        for: trace, seed: seed, future: entry.isClairvoyant ? future : nil)
      let policy = try PolicyRegistry.make(parameters, kind: "eviction", from: known, context)
      return Cell(
        policy: name, isClairvoyant: entry.isClairvoyant, size: size, capacity: context.capacity,
        counts: try trace.replay(policy, context, warmUp: warmUp))
    }
  }
}

extension ObjectTrace {
  /// All requests, for policies that know the future.
  public var future: RequestedFuture { RequestedFuture(of: objects, count: keys.count) }

  /// Serves the requests in order from a cache that a policy has for itself.
  /// - Parameter warmUp: how many requests at the beginning are not counted.
  /// - Throws: `CancellationError` where the task is given up.
  public func replay(
    _ policy: consuming any EvictionPolicy & ~Copyable, _ context: EvictionContext, warmUp: Int = 0
  ) throws -> CacheCounts {
    var cache = LoneCache(context)
    let warmUp = min(max(0, warmUp), count)
    try replay(0..<warmUp, &policy, &cache)
    let before = cache.counts
    try replay(warmUp..<count, &policy, &cache)
    return cache.counts - before
  }

  private func replay(
    _ range: Range<Int>, _ policy: inout any EvictionPolicy & ~Copyable, _ cache: inout LoneCache
  ) throws {
    // A stretch at a time, so that a long replay can be given up.
    for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 22) {
      try Task.checkCancellation()
      let part = start..<min(start + 1 << 22, range.upperBound)
      policy.replay(CacheRequests(objects: objects[part], times: times?[part]), in: &cache)
    }
  }
}
