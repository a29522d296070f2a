/// How far each policy goes from LRU to what is possible: one row a policy, one mark a workload.
enum GapChart {
  /// Draws it.
  /// - Parameter name: of the file.
  static func chart(_ comparison: CacheComparison, name: String) -> Chart {
    let rows = Array(comparison.online.filter { $0 != "lru" }.reversed())
    let count = comparison.workloads.count
    // Marks of one row stand below one another, so that none hides another.
    let step = min(0.26, 0.7 / Double(max(count, 1)))
    let series = comparison.workloads.enumerated().map { index, workload in
      Series(
        workload,
        .intervals(
          rows.enumerated().compactMap { row, policy in
            let shares = comparison.shares(policy, workload)
            guard let low = shares.min(), let high = shares.max() else { return nil }
            let offset = step * (Double(count - 1) / 2 - Double(index))
            return Series.Interval(
              y: Double(row) + offset,
              value: clip(shares.reduce(0, +) / Double(shares.count)), low: clip(low),
              high: clip(high))
          }), color: .series(index))
    }
    return Chart(
      name: name, title: "How far policies go from LRU to the bound",
      subtitle: "0 % misses as LRU does, 100 % as the bound; mean over "
        + "\(comparison.sizes.count) sizes, bar from least to most; cut off at \u{2212}100 %",
      summary: rows.reversed().map { policy in
        "\(policy): "
          + (comparison.meanShare(policy).map { Typeset.percent($0) } ?? "unknown") + "."
      }.joined(separator: " "),
      x: Axis("Share of the way from LRU to the bound", .percent, limits: floor(comparison)...1),
      y: Axis("", .names(rows)), series: series,
      rules: [Chart.Rule(.vertical, at: 0, color: .bound, dotted: false)],
      size: Chart.Size(width: Chart.Size.wide, height: max(260, 150 + 24 * rows.count)))
  }

  private static func clip(_ share: Double) -> Double { max(share, -1) }

  /// The axis begins where the worst policy is, but shows some of the bad side at least.
  private static func floor(_ comparison: CacheComparison) -> Double {
    let least =
      comparison.workloads.flatMap { workload in
        comparison.online.flatMap { comparison.shares($0, workload) }
      }.min() ?? 0
    return min(-0.2, (clip(least) * 5).rounded(.down) / 5)
  }
}
