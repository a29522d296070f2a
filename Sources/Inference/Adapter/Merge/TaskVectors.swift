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
    let count = vectors[0].count
    guard let rule else {
      return (0..<count).map { place in
        zip(vectors, weights).reduce(0) { $0 + $1.0[place] * $1.1 }
      }
    }
    return (0..<count).map { place in mean(at: place, weights, rule) }
  }

  private func mean(
    at place: Int, _ weights: [Float], _ rule: AdapterMerge.MajoritySign
  ) -> Float {
    let balance = vectors.reduce(Float(0)) { sum, vector in
      sum + (rule == .total ? vector[place] : Self.sign(vector[place]))
    }
    let majority: Float = balance >= 0 ? 1 : -1
    var (sum, agreeing) = (Float(0), Float(0))
    for (vector, weight) in zip(vectors, weights) where Self.sign(vector[place]) == majority {
      sum += vector[place] * weight
      agreeing += 1
    }
    return sum / max(agreeing, 1)
  }

  private static func sign(_ value: Float) -> Float { value > 0 ? 1 : (value < 0 ? -1 : 0) }
}
