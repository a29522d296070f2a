import Results

/// A metric over the seeds of one strategy: its mean, and how far that may be off.
struct SeedSummary: Equatable {
  /// The mean over seeds.
  var mean: Double
  /// Half the width of the mean's 95 % confidence interval, by Student's t; nil for a single seed.
  var halfWidth: Double?

  /// Summarises values; nil of none.
  init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let sample = SampleMean(values)
    mean = sample.mean
    guard sample.n > 1 else { return }
    halfWidth = StudentT.quantile(0.975, df: Double(sample.n - 1)) * sample.standardError
  }
}
