/// The share of requests, or of bytes, that miss, against the size of the cache.
public enum MissRatioChart {
  /// One policy's, or one bound's, miss ratios.
  public struct Curve: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Size (x) and the miss ratio from 0 to 1 (y), by rising size.
    public var points: [Point]

    /// Makes a curve of points in any order.
    public init(_ name: String, _ points: [Point]) {
      self.name = name
      self.points = points.sorted { $0.x < $1.x }
    }
  }

  /// Draws it.
  ///
  /// - Parameters:
  ///   - lru: LRU's curve, of as many points as there are.
  ///   - policies: others, where they were replayed.
  ///   - bounds: what no policy does better than, drawn dashed.
  ///   - what: what the ratio is of.
  ///   - inSlots: whether sizes are in objects rather than in bytes.
  public static func chart(
    lru: [Point], policies: [Curve], bounds: [Curve] = [], what: String, inSlots: Bool,
    name: String, context: String = ""
  ) -> Chart {
    let all = policies + bounds
    let marked = policies.enumerated().map { index, curve in
      Series.strategy(
        curve.name, .markedLine(curve.points), index: index + 1, of: policies.count + 1)
    }
    let dashed = bounds.enumerated().map { index, curve in
      Series(curve.name, .line(curve.points), color: index == 0 ? .bound : .faint, dashed: true)
    }
    let sizes = lru.map(\.x)
    let isWide = (sizes.max() ?? 0) >= 8 * (sizes.min() ?? 0) && (sizes.min() ?? 0) > 0
    return Chart(
      name: name, title: "\(what) by cache size",
      subtitle: [context, bounds.isEmpty ? "" : "dashed: with knowledge of the future"]
        .filter { !$0.isEmpty }.joined(separator: "; "),
      summary: all.map { summary($0, inSlots: inSlots) }.joined(separator: " "),
      x: Axis(
        (inSlots ? "Slots" : "Cache size") + (isWide ? " (log scale)" : ""),
        inSlots ? .number : .bytes, scale: isWide ? .logarithmic : .linear),
      y: Axis(what, .percent),
      series: [Series.strategy("lru", .line(lru), index: 0, of: policies.count + 1)] + marked
        + dashed)
  }

  private static func summary(_ curve: Curve, inSlots: Bool) -> String {
    let points = curve.points.map {
      "\(Typeset.percent($0.y)) at \(inSlots ? Typeset.count($0.x) : Typeset.bytes($0.x))"
    }
    return "\(curve.name): \(points.joined(separator: ", "))."
  }
}
