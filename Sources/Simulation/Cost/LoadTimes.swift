import Primitives

/// Measured times to copy an adapter from host memory into its slot, by the adapter's rank.
///
/// Between measured ranks the time is interpolated linearly; beyond them it is that of the nearest:
/// such copies are bound by the number of tensors, and hardly depend on the rank.
public struct LoadTimes: Sendable, Equatable {
  /// Ranks and times, by rising rank.
  private let points: [(rank: Int, time: Nanoseconds)]

  /// Makes times from at least one measurement.
  /// - Precondition: there is a measurement, and no rank has two.
  public init(_ points: [(rank: Int, time: Nanoseconds)]) {
    let sorted = points.sorted { $0.rank < $1.rank }
    precondition(
      !sorted.isEmpty && zip(sorted, sorted.dropFirst()).allSatisfy { $0.rank < $1.rank })
    self.points = sorted
  }

  /// The time of one copy, at least 1 ns.
  public func duration(rank: Int) -> Nanoseconds {
    let upper = points.firstIndex { $0.rank >= rank } ?? points.count - 1
    let high = points[upper]
    let low = points[rank >= high.rank ? upper : max(0, upper - 1)]
    guard low.rank < high.rank else { return max(1, high.time) }
    let share = Double(rank - low.rank) / Double(high.rank - low.rank)
    let time = Double(low.time) + share * Double(high.time - low.time)
    return max(1, Nanoseconds(time.rounded()))
  }

  public static func == (a: LoadTimes, b: LoadTimes) -> Bool {
    a.points.elementsEqual(b.points, by: ==)
  }
}
