import Primitives

/// How far back each reference reaches, as a histogram.
///
/// A reference's stack distance is 1 + the number of distinct adapters referenced since the last
/// reference to the same adapter; 1 is "the same as the previous". An LRU cache of k unit-size
/// slots hits exactly the references at distance k or less, so one pass gives the hit ratio at
/// every size.
///
/// R. L. Mattson et al., "Evaluation Techniques for Storage Hierarchies", IBM Systems Journal 9(2),
/// 1970.
///
/// - Complexity: O(n log m) time and O(m) memory for n references to m distinct adapters.
public struct StackDistances: Sendable {
  /// `counts[d]` references had distance d; index 0 is unused.
  public let counts: [Int]
  /// First references, whose distance is infinite.
  public let coldStarts: Int
  /// All references.
  public var total: Int { hitsUpTo.last.map { $0 + coldStarts } ?? coldStarts }
  /// `hitsUpTo[k]`: references at distance k or less.
  private let hitsUpTo: [Int]

  /// Measures a stream of references to adapters `0..<adapters`.
  public init(of references: [Int32], adapters: Int) {
    var stack = RecencyStack(objects: adapters)
    var counts = [0]
    var coldStarts = 0
    for adapter in references {
      guard let distance = stack.distance(touching: adapter) else {
        coldStarts += 1
        continue
      }
      if distance >= counts.count {
        counts.append(contentsOf: repeatElement(0, count: distance + 1 - counts.count))
      }
      counts[distance] += 1
    }
    self.counts = counts
    self.coldStarts = coldStarts
    var sum = 0
    hitsUpTo = counts.map { count in
      sum += count
      return sum
    }
  }

  /// Hits of an LRU cache with so many unit-size slots; cold starts are misses.
  public func lruHits(slots: Int) -> Int { hitsUpTo[max(0, min(slots, hitsUpTo.count - 1))] }

  /// The distance that a share `q` of the references which have one (not the cold starts) do not
  /// exceed; nil where nothing was referenced twice.
  public func quantile(_ q: Double) -> Int? {
    guard let reused = hitsUpTo.last, reused > 0 else { return nil }
    let rank = max(1, Int((q * Double(reused)).rounded(.up)))
    return hitsUpTo.firstIndex { $0 >= rank }
  }
}
