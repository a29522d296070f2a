/// The share of references that found their adapter on the device, against the number of slots.
public enum HitRatioBySlots {
  /// One strategy's, or one bound's, hit ratios.
  public struct Curve: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Slots (x) and the hit ratio from 0 to 1 with that many (y), by rising slots.
    public var points: [Point]

    /// LRU of the references by themselves, in a chart's key.
    public static let lruName = "LRU, arrival order, on demand"
    /// OPT of the references by themselves, in a chart's key.
    public static let optName = "OPT (Belady), arrival order, on demand"

    /// Makes a curve of points in any order.
    public init(_ name: String, _ points: [Point]) {
      self.name = name
      self.points = points.sorted { $0.x < $1.x }
    }
  }

  /// Draws it.
  ///
  /// - Parameters:
  ///   - strategies: what was measured or predicted.
  ///   - parameter: what is varied, where it is not the number of slots.
  ///   - bounds: LRU and OPT (Belady) of the references in arrival order, loading on demand only,
  ///     drawn dashed. Prefetch and serving out of order can exceed them.
  public static func chart(
    _ strategies: [Curve], bounds: [Curve] = [], parameter: String = "adapter slots",
    name: String, context: String = ""
  ) -> Chart {
    let curves = strategies.enumerated().map { index, curve in
      Series.strategy(
        curve.name, .markedLine(curve.points), index: index, of: strategies.count)
    }
    let dashed = bounds.enumerated().map { index, curve in
      Series(
        curve.name, .line(curve.points), color: index == 0 ? .bound : .faint, dashed: true)
    }
    let points = (strategies + bounds).flatMap(\.points)
    let floor = floor(points.map(\.y))
    let notes = [
      context, bounds.isEmpty ? "" : "dashed: references in arrival order, loading on demand only",
      floor > 0 ? "axis from \(Typeset.percent(floor, decimals: 0))" : "",
    ]
    return Chart(
      name: name, title: "Hit ratio by \(parameter)",
      subtitle: notes.filter { !$0.isEmpty }.joined(separator: "; "),
      summary: (strategies + bounds).map(summary).joined(separator: " "),
      x: .swept(parameter, over: points.map(\.x)),
      y: Axis("Hit ratio", .percent, limits: floor...1),
      series: curves + dashed)
  }

  /// Where the vertical axis begins: at nothing, unless all values are in its upper half.
  private static func floor(_ ratios: [Double]) -> Double {
    guard let least = ratios.min(), least > 0.5, least < 1 else { return 0 }
    return (least * 10).rounded(.down) / 10
  }

  private static func summary(_ curve: Curve) -> String {
    let points = curve.points.map {
      "\(Typeset.percent($0.y)) at \(Typeset.count($0.x))"
    }
    return "\(curve.name): \(points.joined(separator: ", "))."
  }
}
