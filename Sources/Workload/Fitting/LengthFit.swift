import Foundation
import Primitives

/// Finds length distributions by their quantiles and the rank correlation between them.
struct LengthFit {
  private static let probabilities = [
    0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1,
  ]

  private let trace: Trace

  /// Nil for a trace that has no lengths.
  init?(_ trace: Trace) {
    guard trace.promptTokens.contains(where: { $0 > 0 }),
      trace.outputTokens.contains(where: { $0 > 0 })
    else { return nil }
    self.trace = trace
  }

  /// The parameters of ``LengthModel``.
  var parameters: [Parameters.Entry] {
    let spearman = LengthFit.spearman(trace.promptTokens, trace.outputTokens)
    return [
      Parameters.Entry("prompt", LengthFit.quantiles(trace.promptTokens)),
      Parameters.Entry("output", LengthFit.quantiles(trace.outputTokens)),
      // Of the normals behind both; see LengthModel.
      Parameters.Entry("correlation", SessionFit.text(2 * sin(.pi * spearman / 6))),
    ]
  }

  private static func quantiles(_ column: Column<Int32>) -> String {
    let order = OrderStatistics(column)
    let pairs = probabilities.map { "\(probability($0)),\(Int(order.quantile($0).rounded()))" }
    return "quantiles(\(pairs.joined(separator: ",")))"
  }

  /// 0 and 1 without a point; .995 and .999 keep all digits.
  private static func probability(_ value: Double) -> String {
    Int(exactly: value).map { "\($0)" } ?? "\(value)"
  }

  /// The correlation of ranks, ties at their mean rank; 0 where one side is constant.
  static func spearman(_ a: Column<Int32>, _ b: Column<Int32>) -> Double {
    let (x, y) = (ranks(a), ranks(b))
    let mean = Double(x.count + 1) / 2
    var (xy, xx, yy) = (0.0, 0.0, 0.0)
    for (p, q) in zip(x, y) {
      xy += (p - mean) * (q - mean)
      xx += (p - mean) * (p - mean)
      yy += (q - mean) * (q - mean)
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0
  }

  private static func ranks(_ column: Column<Int32>) -> [Double] {
    let order = column.indices.sorted { (column[$0], $0) < (column[$1], $1) }
    var ranks = Array(repeating: 0.0, count: order.count)
    var start = 0
    while start < order.count {
      var end = start
      while end < order.count, column[order[end]] == column[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + end + 1) / 2 }
      start = end
    }
    return ranks
  }
}
