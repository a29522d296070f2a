/// The same tensor in several adapters, on the way to one: prune, elect signs, sum.
struct TaskVectors {
  enum Pruning: Sendable {
    case none
    /// Smallest values go.
    case magnitude
    /// Values go at random, the others grow so that the sum stays as expected.
    case random
  }

  /// One for each adapter, all of one length.
  private(set) var vectors: [[Float]]

  init(_ vectors: [[Float]]) { self.vectors = vectors }

  /// Sets all but a share of the values of each vector to zero, the smallest first.
  mutating func keepLargest(density: Double) {
    guard density < 1 else { return }
    for index in vectors.indices {
      vectors[index] = Self.largest(
        vectors[index], count: Int(density * Double(vectors[index].count)))
    }
  }

  /// Of equal values the first are kept.
  private static func largest(_ vector: [Float], count: Int) -> [Float] {
    guard count > 0, count < vector.count else {
      return count > 0 ? vector : Array(repeating: 0, count: vector.count)
    }
    let threshold = vector.map(\.magnitude).sorted()[vector.count - count]
    var ties = count - vector.count { $0.magnitude > threshold }
    return vector.map { value in
      if value.magnitude > threshold { return value }
      guard value.magnitude == threshold, ties > 0 else { return 0 }
      ties -= 1
      return value
    }
  }

  /// Sets values to zero that are not kept, and divides the others by `density`.
  /// - Parameter kept: of a vector's index and length.
  mutating func keep(rescaledBy density: Double, _ kept: (Int, Int) -> [Bool]) {
    let divisor = Float(density)
    for index in vectors.indices {
      let mask = kept(index, vectors[index].count)
      vectors[index] = zip(vectors[index], mask).map { $1 ? $0 / divisor : 0 }
    }
  }

  /// The weighted sum; where signs are elected, the mean of those weighted values whose sign is the
  /// majority's.
  func merged(weights: [Float], electingBy rule: AdapterMerge.MajoritySign?) -> [Float] {
    let balance = rule.map(balance(by:))
    var sums = [Float](repeating: 0, count: vectors[0].count)
    var counts = sums
    for (vector, weight) in zip(vectors, weights) {
      for place in sums.indices {
        // Nothing has the sign of nothing.
        if let balance, vector[place] == 0 || (vector[place] > 0) != (balance[place] >= 0) {
          continue
        }
        sums[place] += vector[place] * weight
        counts[place] += 1
      }
    }
    if balance != nil { for place in sums.indices { sums[place] /= max(counts[place], 1) } }
    return sums
  }

  /// Positive or zero where the sign of the majority is positive.
  private func balance(by rule: AdapterMerge.MajoritySign) -> [Float] {
    var balance = [Float](repeating: 0, count: vectors[0].count)
    for vector in vectors {
      for place in balance.indices {
        let value = vector[place]
        balance[place] += rule == .total ? value : (value > 0 ? 1 : (value < 0 ? -1 : 0))
      }
    }
    return balance
  }
}
