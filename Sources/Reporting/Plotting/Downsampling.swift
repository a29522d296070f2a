import Foundation
import Orchestration
import Primitives

/// Making a drawing of many values small without making it say something else.
public enum Downsampling {
  /// The empirical distribution function of `sorted` (rising), at no more than about `limit`
  /// values: fractions spread evenly, denser towards the upper end, where tails are read, and
  /// always the least and the greatest value. Each point is exact: a fraction `y` of all `total`
  /// values is not above `x`.
  ///
  /// `total` counts what has no value too (a request that never had a first token), so that the
  /// curve ends below one by just these.
  public static func distribution(_ sorted: [Double], total: Int? = nil, limit: Int = 300)
    -> [Point]
  {
    let all = Double(max(total ?? sorted.count, sorted.count))
    guard let least = sorted.first else { return [] }
    var points = [Point(least, 0)]
    var last = -1
    for index in quantileIndices(sorted.count, limit: limit) {
      // Of equal values the last one's fraction counts.
      guard index > last else { continue }
      last = index
      while last + 1 < sorted.count, sorted[last + 1] == sorted[index] { last += 1 }
      points.append(Point(sorted[index], Double(last + 1) / all))
    }
    return points
  }

  /// Rising indices into `count` sorted values: all of them if few, else spread as
  /// ``distribution(_:total:limit:)`` says.
  static func quantileIndices(_ count: Int, limit: Int) -> [Int] {
    guard count > max(limit, 2) else { return Array(0..<count) }
    let even = max(limit * 3 / 4, 1)
    var indices = (0...even).map { $0 * (count - 1) / even }
    // From the 90th percentile on, equal steps of the logarithm of what remains above.
    let tail = max(limit - even, 1)
    let (widest, narrowest) = (0.1 * Double(count), 1.0)
    for step in 0..<tail where widest > narrowest {
      let share = Double(step) / Double(tail)
      let above = widest * pow(narrowest / widest, share)
      indices.append(max(0, count - 1 - Int(above)))
    }
    return Array(Set(indices)).sorted()
  }

  /// A stretch of time and what a quantity was in it.
  public struct Bucket: Sendable, Equatable {
    /// The stretch's middle, in seconds.
    public var middle: Double
    /// The least value.
    public var low: Double
    /// The greatest value.
    public var high: Double
    /// The mean, each value weighted with how long it lasted.
    public var mean: Double
  }

  /// A quantity that holds a value until the next one, over `span`, in `count` equal stretches.
  /// The least and greatest of each are among the values given; before the first one the quantity
  /// is taken to have had that first value.
  ///
  /// - Parameter steps: values and since when they hold, by rising time.
  public static func buckets(
    _ steps: [(at: Nanoseconds, value: Double)], over span: Range<Nanoseconds>, count: Int
  ) -> [Bucket] {
    guard let first = steps.first, !span.isEmpty, count > 0 else { return [] }
    var buckets: [Bucket] = []
    buckets.reserveCapacity(count)
    let width = Double(span.upperBound - span.lowerBound) / Double(count)
    var next = 0
    var value = first.value
    for index in 0..<count {
      let from = Double(span.lowerBound) + Double(index) * width
      let to = index == count - 1 ? Double(span.upperBound) : from + width
      while next < steps.count, Double(steps[next].at) <= from {
        value = steps[next].value
        next += 1
      }
      var bucket = Bucket(middle: (from + to) / 2e9, low: value, high: value, mean: 0)
      var since = from
      var sum = 0.0
      while next < steps.count, Double(steps[next].at) < to {
        sum += value * (Double(steps[next].at) - since)
        since = Double(steps[next].at)
        value = steps[next].value
        bucket.low = min(bucket.low, value)
        bucket.high = max(bucket.high, value)
        next += 1
      }
      sum += value * (to - since)
      bucket.mean = to > from ? sum / (to - from) : value
      buckets.append(bucket)
    }
    return buckets
  }

  /// The sum over replicas of a quantity of their samples, as it changes in time.
  ///
  /// - Parameter samples: by rising time.
  static func total(_ samples: [Sample], _ quantity: (Sample) -> Double)
    -> [(at: Nanoseconds, value: Double)]
  {
    var current: [Int16: Double] = [:]
    var sum = 0.0
    var steps: [(at: Nanoseconds, value: Double)] = []
    for sample in samples {
      let value = quantity(sample)
      sum += value - (current.updateValue(value, forKey: sample.replica) ?? 0)
      if let last = steps.last, last.at == sample.at { steps.removeLast() }
      steps.append((sample.at, sum))
    }
    return steps
  }

  /// The value below or at which a share `q` of the values lie (nearest rank); nil of none.
  static func quantile(_ sorted: [Double], _ q: Double) -> Double? {
    guard !sorted.isEmpty else { return nil }
    let rank = Int((q * Double(sorted.count)).rounded(.up))
    return sorted[min(max(rank - 1, 0), sorted.count - 1)]
  }
}
