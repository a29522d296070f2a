import Orchestration
import Primitives
import Workload

/// The offline bounds of a trace, for any capacity.
///
/// A request that is followed by another for the same object hits there if the object was kept all
/// the time between. So a cache is a choice of intervals, of which at any moment no more may be open
/// than fit.
///
/// - The lower bound on misses lets the capacity hold on average only (PFOO-L): intervals are taken
///   in the order of size x length for a hit, a byte or a nanosecond saved, until the cache's whole
///   space and time are used up, the last one in part.
/// - The upper bound is a schedule: intervals in the same order, each where it fits at every moment.
/// - Where all objects are equal the optimum is known (Belady's, but free to refuse what comes), and
///   is both.
///
/// D. S. Berger, N. Beckmann, M. Harchol-Balter, "Practical bounds on optimal caching with variable
/// object sizes", POMACS 2(2), 2018, doi:10.1145/3224427.
public struct OfflineBounds: Sendable {
  /// A request and the next one for the same object.
  struct Interval {
    var object: AdapterID
    var start: Int32
    var end: Int32

    /// Requests from the first to the second: how long the object has to be kept.
    var length: Int { Int(end) - Int(start) }
  }

  private let intervals: [Interval]
  private let requests: Int
  private let sizes: [Bytes]
  /// All requests: what a cache of nothing misses.
  public let requested: MissTotals
  private let compulsory: MissTotals
  /// What a hit on each object saves: one request, its bytes, its load cost.
  private let values: [[Int64]]
  /// Positions in `intervals`, best first, for each of these.
  private let orders: [[Int32]]
  private let optimum: OptimalCache?

  /// Prepares the bounds of a trace.
  /// - Parameter countsSlots: whether the cache holds a number of objects rather than of bytes.
  /// - Complexity: O(n log n).
  public init(_ trace: ObjectTrace, countsSlots: Bool = false) {
    let sizes = countsSlots ? trace.bytes.map { _ in 1 } : trace.bytes
    var last = Array(repeating: Int32(-1), count: sizes.count)
    var intervals: [Interval] = []
    var requested = MissTotals()
    var compulsory = MissTotals()
    for (position, object) in trace.objects.enumerated() {
      requested.add(object, of: trace)
      if last[Int(object)] < 0 {
        compulsory.add(object, of: trace)
      } else {
        intervals.append(
          Interval(object: object, start: last[Int(object)], end: Int32(position)))
      }
      last[Int(object)] = Int32(position)
    }
    values = [trace.bytes.map { _ in 1 }, trace.bytes, trace.loadCost]
    orders = values.map { Self.order(intervals, sizes: sizes, values: $0) }
    optimum =
      Self.isUniform(sizes) ? OptimalCache(of: trace.objects, adapters: sizes.count) : nil
    requests = trace.count
    self.sizes = sizes
    self.intervals = intervals
    self.requested = requested
    self.compulsory = compulsory
  }

  private static func isUniform(_ numbers: [Int64]) -> Bool {
    numbers.allSatisfy { $0 == numbers.first && $0 > 0 }
  }

  /// The intervals by the room and time that they take for what they save.
  private static func order(
    _ intervals: [Interval], sizes: [Bytes], values: [Int64]
  ) -> [Int32] {
    let prices = intervals.map { interval in
      Double(interval.length) * Double(sizes[Int(interval.object)])
        / Double(max(0, values[Int(interval.object)]))
    }
    return intervals.indices.sorted { (prices[$0], $0) < (prices[$1], $1) }.map { Int32($0) }
  }

  /// The bounds for a capacity, in bytes or slots.
  /// - Complexity: O(n) for the lower one, O(n log n) for the upper one.
  public func bounds(capacity: Bytes) -> CacheBounds {
    CacheBounds(
      compulsory: compulsory, lower: lowerBound(capacity: capacity),
      upper: upperBound(capacity: capacity))
  }

  /// What no cache of this capacity can be below.
  public func lowerBound(capacity: Bytes) -> MissTotals {
    requested.less { optimalSaving($0, capacity) ?? relaxedSaving($0, capacity) }
  }

  /// What schedules for a cache of this capacity achieve.
  public func upperBound(capacity: Bytes) -> MissTotals {
    requested.less { optimalSaving($0, capacity) ?? scheduledSaving($0, capacity) }
  }

  /// What the optimum saves; nil unless all objects are equal.
  private func optimalSaving(_ measure: Int, _ capacity: Bytes) -> Int64? {
    guard let optimum, let size = sizes.first, Self.isUniform(values[measure]) else { return nil }
    let slots = Int(min(capacity / size, Bytes(sizes.count)))
    return Int64(optimum.hits(slots: slots, mayRefuse: true)) * values[measure][0]
  }

  /// The most that is saved if the capacity has to hold on average only.
  private func relaxedSaving(_ measure: Int, _ capacity: Bytes) -> Int64 {
    var room = Int128(capacity) * Int128(requests)
    var saved: Int64 = 0
    for index in orders[measure] {
      let interval = intervals[Int(index)]
      let size = sizes[Int(interval.object)]
      // What does not fit at all is no candidate.
      guard size <= capacity else { continue }
      let value = values[measure][Int(interval.object)]
      let volume = Int128(interval.length) * Int128(size)
      guard volume <= room else { return saved + Int64(Int128(value) * room / volume) }
      room -= volume
      saved += value
    }
    return saved
  }

  /// What is saved by taking each interval where it fits at every moment.
  private func scheduledSaving(_ measure: Int, _ capacity: Bytes) -> Int64 {
    var load = LoadProfile(count: requests)
    var saved: Int64 = 0
    for index in orders[measure] {
      let interval = intervals[Int(index)]
      let size = sizes[Int(interval.object)]
      let span = Int(interval.start)..<Int(interval.end)
      guard load.highest(in: span) <= capacity - size else { continue }
      load.add(size, in: span)
      saved += values[measure][Int(interval.object)]
    }
    return saved
  }
}

extension MissTotals {
  fileprivate mutating func add(_ object: AdapterID, of trace: ObjectTrace) {
    objects += 1
    bytes += trace.bytes[Int(object)]
    cost += trace.loadCost[Int(object)]
  }

  /// What is left of each once what is saved of it is gone.
  fileprivate func less(_ saved: (Int) -> Int64) -> MissTotals {
    MissTotals(objects: objects - saved(0), bytes: bytes - saved(1), cost: cost - saved(2))
  }
}
