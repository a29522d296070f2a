/// A metric over the seeds of one strategy: its mean, and how far that may be off.
struct SeedSummary: Equatable {
  /// The mean over seeds.
  var mean: Double
  /// Half the width of the mean's 95 % confidence interval, by Student's t; nil for a single seed.
  var halfWidth: Double?
  /// Values that went into it.
  var count: Int

  /// Summarises values; nil of none.
  init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    count = values.count
    let n = Double(count)
    let mean = values.reduce(0, +) / n
    self.mean = mean
    guard count > 1 else { return }
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    halfWidth = SeedSummary.t975(count - 1) * (squares / (n - 1) / n).squareRoot()
  }

  /// The 97.5 % quantile of Student's t with this many degrees of freedom; beyond the table, its
  /// Cornish-Fisher expansion, which is right to four digits there.
  static func t975(_ degrees: Int) -> Double {
    guard degrees > 0 else { return .infinity }
    if degrees <= table.count { return table[degrees - 1] }
    let (z, v) = (1.959963985, Double(degrees))
    let z3 = z * z * z
    return z + (z3 + z) / (4 * v) + (5 * z3 * z * z + 16 * z3 + 3 * z) / (96 * v * v)
  }

  private static let table = [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
    2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
  ]
}
