import Primitives

/// Step times from a table of measurements, interpolated linearly along each axis.
///
/// The axes are decoding sequences, prompt tokens and distinct adapters; what a table does not have
/// an axis for, such as the length of contexts, makes no difference. Beyond the ends of an axis the
/// line through its last two points goes on, never below 1 ns: extrapolation is a guess, so a table
/// should span what the server will do. An axis of one point is constant.
public struct TableCost: CostModel, Equatable {
  /// Decoding sequences, rising.
  public let decodes: [Int]
  /// Prompt tokens, rising.
  public let promptTokens: [Int]
  /// Distinct adapters, rising.
  public let adapters: [Int]
  /// Nanoseconds; the adapters vary fastest, the decoding sequences slowest.
  public let nanoseconds: [Double]

  /// Makes a table of a complete grid.
  /// - Precondition: every axis rises and has a point, and there is a value for every combination.
  public init(decodes: [Int], promptTokens: [Int], adapters: [Int], nanoseconds: [Double]) {
    for axis in [decodes, promptTokens, adapters] {
      precondition(!axis.isEmpty && zip(axis, axis.dropFirst()).allSatisfy { $0 < $1 })
    }
    precondition(nanoseconds.count == decodes.count * promptTokens.count * adapters.count)
    self.decodes = decodes
    self.promptTokens = promptTokens
    self.adapters = adapters
    self.nanoseconds = nanoseconds
  }

  public func duration(of step: StepWork) -> Nanoseconds {
    let corners = [
      Corner(of: step.decodes, on: decodes), Corner(of: step.promptTokens, on: promptTokens),
      Corner(of: step.adapters, on: adapters),
    ]
    var time = 0.0
    for combination in 0..<8 {
      var weight = 1.0
      var index = 0
      for (axis, corner) in corners.enumerated() {
        let isUpper = combination >> axis & 1 == 1
        weight *= isUpper ? corner.share : 1 - corner.share
        index = index * corner.count + corner.lower + (isUpper && corner.count > 1 ? 1 : 0)
      }
      if weight != 0 { time += weight * nanoseconds[index] }
    }
    return Nanoseconds(min(max(1, time.rounded()), 4e18))
  }

  /// Where a value lies on an axis: after which point, and how far on the way to the next.
  private struct Corner {
    let lower: Int
    let share: Double
    let count: Int

    init(of value: Int, on axis: [Int]) {
      count = axis.count
      guard axis.count > 1 else {
        (lower, share) = (0, 0)
        return
      }
      let upper = axis.firstIndex { $0 > value } ?? axis.count
      lower = min(max(upper - 1, 0), axis.count - 2)
      share = Double(value - axis[lower]) / Double(axis[lower + 1] - axis[lower])
    }
  }
}
