/// Mean and quantiles of a column of token counts.
public struct LengthSummary: Sendable, Equatable {
  /// Arithmetic mean.
  public let mean: Double
  /// Quantiles, linearly interpolated between order statistics (type 7, numpy's default).
  public let p50, p90, p99: Double
  /// The largest.
  public let max: Int

  /// Summarises a column; nil where it is empty.
  ///
  /// - Complexity: O(n) for counts below four million, else O(n log n).
  public init?(_ column: Column<Int32>) {
    guard let largest = column.max(), let smallest = column.min(), smallest >= 0 else {
      return nil
    }
    var sum = 0.0
    for value in column { sum += Double(value) }
    mean = sum / Double(column.count)
    max = Int(largest)
    let ordered = OrderStatistics(column)
    p50 = ordered.quantile(0.5)
    p90 = ordered.quantile(0.9)
    p99 = ordered.quantile(0.99)
  }
}

/// The values of a column by rank: counted where the range is small, else sorted.
struct OrderStatistics {
  private let count: Int
  /// Values at most v, for every v; empty if `sorted` is used instead.
  private var cumulated: [Int] = []
  private var sorted: [Int32] = []

  /// - Parameter column: not empty, and not negative.
  init(_ column: Column<Int32>) {
    count = column.count
    let largest = Int(column.max() ?? 0)
    guard largest < 1 << 22 else {
      sorted = column.sorted()
      return
    }
    cumulated = Array(repeating: 0, count: largest + 1)
    for value in column { cumulated[Int(value)] += 1 }
    for value in cumulated.indices.dropFirst() { cumulated[value] += cumulated[value - 1] }
  }

  /// The quantile at a probability in [0, 1], linearly interpolated.
  func quantile(_ q: Double) -> Double {
    let place = q * Double(count - 1)
    let below = Int(place)
    let low = value(atRank: below)
    let high = value(atRank: min(below + 1, count - 1))
    return low + (high - low) * (place - Double(below))
  }

  private func value(atRank rank: Int) -> Double {
    guard sorted.isEmpty else { return Double(sorted[rank]) }
    var low = 0
    var high = cumulated.count - 1
    while low < high {
      let middle = (low + high) / 2
      if cumulated[middle] > rank { high = middle } else { low = middle + 1 }
    }
    return Double(low)
  }
}
