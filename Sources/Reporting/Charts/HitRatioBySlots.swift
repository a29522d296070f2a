/// The share of references that found their adapter on the device, against the number of slots.
public enum HitRatioBySlots {
  /// One strategy's, or one bound's, hit ratios.
  public struct Curve: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// Slots (x) and the hit ratio from 0 to 1 with that many (y), by rising slots.
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
  ///   - strategies: what was measured or predicted.
  ///   - bounds: what the order of requests alone allows (LRU, and OPT: Belady's offline optimum),
  ///     drawn dashed.
  public static func chart(
    _ strategies: [Curve], bounds: [Curve] = [], name: String, context: String = ""
  ) -> Chart {
    let curves = strategies.enumerated().map { index, curve in
      Series(curve.name, .markedLine(curve.points), color: .series(index))
    }
    let dashed = bounds.enumerated().map { index, curve in
      Series(
        curve.name, .line(curve.points), color: index == 0 ? .bound : .faint, dashed: true)
    }
    let slots = Array(Set((strategies + bounds).flatMap { $0.points.map(\.x) })).sorted()
    let isWide = slots.count > 1 && (slots.last ?? 1) >= 8 * (slots.first ?? 1)
    return Chart(
      name: name, title: "Hit ratio by device slots", subtitle: context,
      summary: (strategies + bounds).map(summary).joined(separator: " "),
      x: Axis(
        isWide ? "Adapter slots (log scale)" : "Adapter slots",
        scale: isWide && (slots.first ?? 0) > 0 ? .logarithmic : .linear,
        limits: limits(slots), tickValues: slots.count <= 12 ? slots : nil),
      y: Axis("Hit ratio", .percent, limits: 0...1),
      series: dashed + curves, key: .bottomRight)
  }

  private static func limits(_ slots: [Double]) -> ClosedRange<Double>? {
    guard let first = slots.first, let last = slots.last, last > first else { return nil }
    return first...last
  }

  private static func summary(_ curve: Curve) -> String {
    let points = curve.points.map {
      "\(NumberText.percent($0.y)) at \(NumberText.count($0.x))"
    }
    return "\(curve.name): \(points.joined(separator: ", "))."
  }
}
