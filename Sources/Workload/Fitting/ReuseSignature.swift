import Foundation
import Primitives

/// The figures by which a fit compares two streams of adapter references.
struct ReuseSignature {
  /// LRU at 4, 8, 16, 32, 64 slots, OPT at 8, 16, 32, LRU of a shuffled order at 8, 16, 32,
  /// repeats of the previous, the ten most popular's share, and a third of the logarithm of the
  /// number of adapters.
  private let figures: [Double]
  /// What a difference of each is worth. The hit ratios at 8, 16 and 32 slots are the aim.
  private static let weights = [1.2, 2, 2, 2, 1, 1, 1, 1, 0.6, 0.6, 0.6, 0.6, 0.6, 1]

  init(of references: [Int32], adapters: Int, seed: UInt64) {
    let reuse = ReuseStatistics(of: references, adapters: adapters, slots: [8, 16, 32])
    var order = RandomStream(seed: seed, purpose: "fit: shuffled order")
    let shuffled = StackDistances(of: references.shuffled(using: &order), adapters: adapters)
    let total = Double(max(references.count, 1))
    func ratio(_ distances: StackDistances, _ slots: Int) -> Double {
      Double(distances.lruHits(slots: slots)) / total
    }
    let shares = ShareSummary(references, of: adapters)
    figures =
      [4, 8, 16, 32, 64].map { ratio(reuse.stackDistances, $0) }
      + reuse.hitRatios.map(\.opt) + [8, 16, 32].map { ratio(shuffled, $0) }
      + [reuse.sameAsPrevious ?? 0, shares.share(ofTop: 10), log(Double(reuse.distinct + 1)) / 3]
  }

  /// Weighted squared differences.
  func distance(to other: ReuseSignature) -> Double {
    var sum = 0.0
    for (index, weight) in ReuseSignature.weights.enumerated() {
      let difference = weight * (figures[index] - other.figures[index])
      sum += difference * difference
    }
    return sum
  }
}
