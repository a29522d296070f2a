import Primitives

/// Quantiles with linear interpolation between order statistics (type 7 of Hyndman and Fan,
/// "Sample Quantiles in Statistical Packages", 1996; NumPy's default).
public enum Quantile {
  /// The `q`-quantile of sorted numbers; nil where there are none.
  public static func of(sorted values: some RandomAccessCollection<Double>, _ q: Double) -> Double?
  {
    interpolated(count: values.count, q) { values[values.index(values.startIndex, offsetBy: $0)] }
  }

  /// The `q`-quantile of sorted times, in nanoseconds; nil where there are none.
  public static func of(sorted values: [Nanoseconds], _ q: Double) -> Double? {
    interpolated(count: values.count, q) { Double(values[$0]) }
  }

  /// The `q`-quantile of `count` order statistics of which `value` gives the i-th.
  static func interpolated(count: Int, _ q: Double, _ value: (Int) -> Double) -> Double? {
    guard count > 0 else { return nil }
    let position = Double(count - 1) * min(max(q, 0), 1)
    let below = Int(position)
    let low = value(below)
    let fraction = position - Double(below)
    return fraction == 0 ? low : low + (value(below + 1) - low) * fraction
  }
}
