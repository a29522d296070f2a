import Foundation

/// Charts of a trace by itself, before anything is replayed.
public enum TraceCharts {
  /// Popularity: how often each adapter is asked for, from the most to the least popular, on two
  /// logarithmic axes, where Zipf's law is a straight line.
  ///
  /// - Parameters:
  ///   - counts: requests of each adapter, in any order; zeros do not show.
  ///   - zipf: exponent and scale of a fit, `count = scale * rank^-exponent`.
  public static func popularity(
    _ counts: [Int64], zipf: (exponent: Double, scale: Double)? = nil, name: String = "popularity",
    context: String = ""
  ) -> Chart {
    let sorted = counts.filter { $0 > 0 }.sorted(by: >)
    // Ranks at equal steps of the logarithm are enough: the eye sees no more.
    var ranks: [Int] = []
    var rank = 1.0
    while Int(rank) <= sorted.count {
      ranks.append(Int(rank))
      rank = max(rank + 1, rank * 1.02)
    }
    if let last = ranks.last, last < sorted.count { ranks.append(sorted.count) }
    var series = [
      Series(
        "adapters", .points(ranks.map { Point(Double($0), Double(sorted[$0 - 1])) }), color: .blue)
    ]
    if let zipf, zipf.scale > 0, let last = ranks.last {
      let line = [1, Double(last)].map { rank in
        Point(rank, zipf.scale * pow(rank, -zipf.exponent))
      }
      series.insert(
        Series(
          "Zipf, exponent \(Typeset.significant(zipf.exponent))", .line(line), color: .bound,
          dashed: true), at: 0)
    }
    let total = sorted.reduce(0.0) { $0 + Double($1) }
    let top = sorted.prefix(10).reduce(0.0) { $0 + Double($1) }
    return Chart(
      name: name, title: "Popularity of adapters", subtitle: context,
      summary: "Requests by rank of popularity over \(sorted.count) adapters; the ten most popular "
        + "have \(Typeset.percent(total > 0 ? top / total : 0)) of them.",
      x: Axis("Rank (log scale)", scale: .logarithmic),
      y: Axis("Requests (log scale)", scale: .logarithmic),
      series: series, key: .topRight)
  }

  /// Hit ratios that the order of requests allows, by slots.
  ///
  /// - Parameters:
  ///   - slots: numbers of slots.
  ///   - lru: with each, the hit ratio of least recently used.
  ///   - opt: with each, that of Belady's optimum, loading on demand only.
  public static func hitRatio(
    slots: [Int], lru: [Double], opt: [Double], name: String = "hit-ratio", context: String = ""
  ) -> Chart {
    func points(_ ratios: [Double]) -> [Point] {
      zip(slots, ratios).map { Point(Double($0), $1) }
    }
    return HitRatioBySlots.chart(
      [HitRatioBySlots.Curve("LRU", points(lru))],
      bounds: [HitRatioBySlots.Curve(HitRatioBySlots.Curve.optName, points(opt))], name: name,
      context: context)
  }
}
