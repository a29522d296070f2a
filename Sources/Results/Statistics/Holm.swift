/// Holm's correction for several tests at once.
public enum Holm {
  /// Adjusted p-values: rejecting every hypothesis whose adjusted value is below alpha keeps the
  /// chance of even one false rejection below alpha, whatever the tests' dependence.
  ///
  /// S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of
  /// Statistics 6, 1979.
  public static func adjusted(_ pValues: [Double]) -> [Double] {
    let order = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
    var result = pValues
    var largest = 0.0
    for (rank, index) in order.enumerated() {
      largest = max(largest, min(1, pValues[index] * Double(pValues.count - rank)))
      result[index] = largest
    }
    return result
  }
}
