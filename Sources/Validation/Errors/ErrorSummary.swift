import Results

/// How far predictions lie from measurements, over several runs.
public struct ErrorSummary: Sendable, Equatable {
  /// Runs with both values.
  public var count: Int
  /// Mean of ``smape(measured:predicted:)``.
  public var mean: Double
  /// Its median.
  public var median: Double
  /// Its 90th percentile.
  public var p90: Double
  /// Mean of ``signed(measured:predicted:)``: above 0 where predictions are too high.
  public var bias: Double
  /// Median of predicted over measured, where the latter is not 0; nil where it always is.
  public var ratio: Double?

  /// Sums up pairs; nil of none.
  public init?(_ pairs: [(measured: Double, predicted: Double)]) {
    let signed = pairs.map { ErrorSummary.signed(measured: $0.measured, predicted: $0.predicted) }
    let sizes = signed.map(\.magnitude).sorted()
    guard let median = Quantile.of(sorted: sizes, 0.5), let p90 = Quantile.of(sorted: sizes, 0.9)
    else { return nil }
    count = pairs.count
    mean = sizes.reduce(0, +) / Double(count)
    self.median = median
    self.p90 = p90
    bias = signed.reduce(0, +) / Double(count)
    let ratios = pairs.filter { $0.measured != 0 }.map { $0.predicted / $0.measured }
    ratio = Quantile.of(sorted: ratios.sorted(), 0.5)
  }

  /// 100 |r - p| / (|r| + |p|), the symmetric error of Agullo et al. (arXiv:2508.08343): from 0 to
  /// 100, and half of the relative error where that is small. Of 0 and 0 it is 0.
  public static func smape(measured: Double, predicted: Double) -> Double {
    signed(measured: measured, predicted: predicted).magnitude
  }

  /// 100 (p - r) / (|r| + |p|): ``smape(measured:predicted:)`` with a sign.
  public static func signed(measured: Double, predicted: Double) -> Double {
    let size = measured.magnitude + predicted.magnitude
    return size == 0 ? 0 : 100 * (predicted - measured) / size
  }
}
