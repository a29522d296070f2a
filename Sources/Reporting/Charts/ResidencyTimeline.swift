import Orchestration
import Primitives

/// When adapters were on the device: a row an adapter, a bar a stay.
public enum ResidencyTimeline {
  /// Bars that a chart may have, so that its file stays small.
  private static let mostBars = 1600

  /// The adapters that were on the device longest, summed over runs, longest first: these rows,
  /// shared by the charts of several strategies, make the charts comparable.
  public static func longest(_ runs: [StrategyRun], limit: Int = 20) -> [Int32] {
    var time: [Int32: Double] = [:]
    for span in runs.lazy.flatMap(\.residency) where span.to > span.from {
      time[span.adapter, default: 0] += (span.to - span.from).seconds
    }
    let order = time.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
    return order.prefix(max(0, limit)).map(\.key)
  }

  /// Draws it.
  ///
  /// - Parameters:
  ///   - adapters: the rows, from top to bottom.
  ///   - label: an adapter's name.
  public static func chart(
    of run: StrategyRun, adapters: [Int32], label: (Int32) -> String, name: String,
    context: String = ""
  ) -> Chart {
    let end = run.span.upperBound
    let stays = Dictionary(grouping: run.residency.filter { $0.to > $0.from }, by: \.adapter)
    // Rows count upwards from the axis.
    let rows = Array(adapters.reversed())
    let bars = allBars(rows.map { stays[$0] ?? [] }, end: end)
    let thickness = 9.0
    let series = [false, true].map { isPrefetched in
      let spans = bars.filter { $0.prefetched == isPrefetched }.map(\.span)
      return Series(
        isPrefetched ? "prefetched" : "loaded on demand", .spans(spans, thickness: thickness),
        color: isPrefetched ? .orange : .blue)
    }
    return Chart(
      name: name, title: "Adapters on the device: \(run.strategy)", subtitle: context,
      summary: summary(run, adapters),
      x: Axis.elapsed("Time", until: end),
      y: Axis("", .names(rows.map { shortened(label($0)) })),
      series: series,
      size: Chart.Size(width: 640, height: max(200, 150 + 16 * rows.count)))
  }

  private struct Bar {
    var prefetched: Bool
    var span: Series.Span
  }

  /// Bars of rows of stays, at the finest resolution that keeps within the limit.
  private static func allBars(_ rows: [[ResidencySpan]], end: Nanoseconds) -> [Bar] {
    guard end > 0 else { return [] }
    var columns = 1024
    while true {
      let bars = rows.enumerated().flatMap { row, stays in
        rowBars(stays, row: row, columns: columns, end: end)
      }
      if bars.count <= mostBars || columns <= 32 { return bars }
      columns /= 2
    }
  }

  /// A row's bars on a grid of columns. A column is drawn where the adapter was resident for at
  /// least half of it; what rounding adds or leaves out is carried over to the next column, so
  /// that the length drawn equals the time on the device to half a column.
  private static func rowBars(_ stays: [ResidencySpan], row: Int, columns: Int, end: Nanoseconds)
    -> [Bar]
  {
    var covered = [(demand: Double, prefetched: Double)](repeating: (0, 0), count: columns)
    let width = Double(end) / Double(columns)
    for stay in stays {
      let from = (Double(stay.from) / width).clamped(to: 0...Double(columns))
      let to = (Double(stay.to) / width).clamped(to: 0...Double(columns))
      for column in Int(from)..<max(Int(from), Int(to.rounded(.up))) {
        let share = min(to, Double(column + 1)) - max(from, Double(column))
        if stay.prefetched {
          covered[column].prefetched += share
        } else {
          covered[column].demand += share
        }
      }
    }
    var bars: [Bar] = []
    var carried = 0.0
    for (column, cover) in covered.enumerated() {
      // Stays on several replicas overlap; a column is full but once.
      carried += min(1, cover.demand + cover.prefetched)
      guard carried >= 0.5, cover.demand + cover.prefetched > 0 else { continue }
      carried -= 1
      let (from, to) = (Double(column) * width / 1e9, Double(column + 1) * width / 1e9)
      let prefetched = cover.prefetched > cover.demand
      if let last = bars.last, last.span.to == from, last.prefetched == prefetched {
        bars[bars.count - 1].span.to = to
      } else {
        bars.append(
          Bar(prefetched: prefetched, span: Series.Span(y: Double(row), from: from, to: to)))
      }
    }
    return bars
  }

  private static func shortened(_ name: String) -> String {
    name.count <= 18 ? name : name.prefix(9) + "…" + name.suffix(8)
  }

  private static func summary(_ run: StrategyRun, _ adapters: [Int32]) -> String {
    let shown = Set(adapters)
    let stays = run.residency.filter { shown.contains($0.adapter) }
    let prefetched = stays.count { $0.prefetched }
    return "Stays on the device of \(adapters.count) adapters under \(run.strategy): "
      + "\(stays.count) stays, of which \(prefetched) came by prefetch."
  }
}
