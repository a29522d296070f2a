/// Counts at positions, with sums of prefixes in O(log n).
///
/// P. M. Fenwick, "A New Data Structure for Cumulative Frequency Tables", Software: Practice and
/// Experience 24(3), 1994.
struct FenwickTree {
  private var sums: [Int32]

  /// All counts zero.
  init(count: Int) { sums = Array(repeating: 0, count: count + 1) }

  /// Ones at the first `ones` positions, zeros after; in O(n).
  init(count: Int, ones: Int) {
    self.init(count: count)
    for node in 1..<(count + 1) {
      sums[node] += node <= ones ? 1 : 0
      let parent = node + (node & -node)
      if parent <= count { sums[parent] += sums[node] }
    }
  }

  /// Adds to the count at a position.
  mutating func add(_ value: Int32, at position: Int) {
    var node = position + 1
    while node < sums.count {
      sums[node] += value
      node += node & -node
    }
  }

  /// The sum of the counts at positions 0 through `position`.
  func sum(through position: Int) -> Int {
    var node = position + 1
    var total = 0
    while node > 0 {
      total += Int(sums[node])
      node &= node - 1
    }
    return total
  }
}
