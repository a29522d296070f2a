import Primitives

/// Draws an index with given weights in constant time.
///
/// M. D. Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", IEEE
/// Transactions on Software Engineering 17(9), 1991.
public struct AliasTable: Sendable {
  private var threshold: [Double]
  private var alias: [Int32]

  /// Prepares weights, of which none is negative and at least one is positive; nil otherwise.
  public init?(weights: [Double]) {
    let total = weights.reduce(0, +)
    guard total > 0, total.isFinite, weights.allSatisfy({ $0 >= 0 }) else { return nil }
    let scale = Double(weights.count) / total
    threshold = weights.map { $0 * scale }
    alias = (0..<weights.count).map { Int32($0) }
    var small: [Int] = []
    var large: [Int] = []
    for (index, value) in threshold.enumerated() {
      if value < 1 { small.append(index) } else { large.append(index) }
    }
    while let less = small.popLast(), let more = large.last {
      alias[less] = Int32(more)
      threshold[more] -= 1 - threshold[less]
      if threshold[more] < 1 {
        large.removeLast()
        small.append(more)
      }
    }
  }

  /// Always 0.
  static let single = AliasTable()

  private init() {
    threshold = [1]
    alias = [0]
  }

  /// Draws an index.
  public func draw(_ random: inout RandomStream) -> Int {
    let place = random.uniform() * Double(threshold.count)
    let index = Int(place)
    return place - Double(index) < threshold[index] ? index : Int(alias[index])
  }
}
