/// The least box that holds everything drawn; nil along an axis with nothing on it.
struct Extent {
  private(set) var x: ClosedRange<Double>?
  private(set) var y: ClosedRange<Double>?

  init(_ chart: Chart) {
    for series in chart.series {
      switch series.marks {
      case .line(let points), .markedLine(let points), .steps(let points), .points(let points):
        for point in points { add(point.x, point.y, chart) }
      case .band(let ranges):
        for range in ranges {
          add(range.x, range.low, chart)
          add(range.x, range.high, chart)
        }
      case .intervals(let intervals):
        for interval in intervals {
          add(interval.low, interval.y, chart)
          add(interval.high, interval.y, chart)
        }
      case .spans(let spans, _):
        for span in spans {
          add(span.from, span.y, chart)
          add(span.to, span.y, chart)
        }
      }
    }
    for rule in chart.rules { include(rule, chart) }
  }

  /// Makes room for a line that is not far away; one that is far would squeeze the data.
  private mutating func include(_ rule: Chart.Rule, _ chart: Chart) {
    let isVertical = rule.direction == .vertical
    guard let range = isVertical ? x : y, (isVertical ? chart.x : chart.y).accepts(rule.value)
    else { return }
    let widened = Extent.widen(range, to: rule.value)
    guard
      widened.upperBound <= 8 * range.upperBound.magnitude,
      widened.lowerBound >= range.lowerBound / 8
    else { return }
    if isVertical { x = widened } else { y = widened }
  }

  private mutating func add(_ x: Double, _ y: Double, _ chart: Chart) {
    guard chart.x.accepts(x), chart.y.accepts(y) else { return }
    self.x = Extent.widen(self.x, to: x)
    self.y = Extent.widen(self.y, to: y)
  }

  private static func widen(_ range: ClosedRange<Double>?, to value: Double) -> ClosedRange<Double>
  {
    guard let range else { return value...value }
    return min(range.lowerBound, value)...max(range.upperBound, value)
  }
}
