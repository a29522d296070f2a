/// Counts at positions, with sums of prefixes in O(log n).
///
/// P. M. Fenwick, "A New Data Structure for Cumulative Frequency Tables", Software: Practice and
/// Experience 24(3), 1994.
public struct FenwickTree: Sendable {
  private var sums: [Int64]

  /// All counts zero.
  public init(count: Int) { sums = Array(repeating: 0, count: count + 1) }

  /// These counts at the first positions, zeros after; in O(n).
  public init(count: Int, beginning counts: [Int64]) {
    self.init(count: count)
    for (position, value) in counts.enumerated() { sums[position + 1] = value }
    sumUp()
  }

  /// A one at each of some different positions, zeros elsewhere; in O(n).
  public init(count: Int, onesAt positions: some Sequence<Int>) {
    self.init(count: count)
    for position in positions { sums[position + 1] = 1 }
    sumUp()
  }

  private mutating func sumUp() {
    for node in 1..<sums.count {
      let parent = node + (node & -node)
      if parent < sums.count { sums[parent] += sums[node] }
    }
  }

  /// Number of positions.
  public var count: Int { sums.count - 1 }

  /// Adds to the count at a position.
  public mutating func add(_ value: Int64, at position: Int) {
    var node = position + 1
    while node < sums.count {
      sums[node] += value
      node += node & -node
    }
  }

  /// The sum of the counts at positions 0 through `position`.
  public func sum(through position: Int) -> Int {
    var node = position + 1
    var total = 0
    while node > 0 {
      total += Int(sums[node])
      node &= node - 1
    }
    return total
  }
}
