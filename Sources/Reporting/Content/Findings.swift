import Results

/// What the comparisons say, in sentences: where a strategy pays, where not, and by how much.
struct Findings {
  /// What a comparison comes to for those whom the service serves.
  enum Judgement: Equatable {
    /// Some latency, goodput or throughput is better, none is worse.
    case pays
    /// Some is worse, none is better.
    case costs
    /// Some is better, some worse.
    case tradeOff
    /// Nothing that users feel was found to differ.
    case same
    /// Nor here, but something else is worse: bytes moved, for instance.
    case wasted
    /// There is nothing to judge by.
    case unknown
  }

  /// Metrics that users of a service feel, by the beginning of their names.
  private static let service = [
    "ttft_", "tpot_", "itl_", "e2e_", "goodput", "slo_attainment", "request_throughput",
    "output_token_throughput",
  ]
  private static let mostItems = 8

  private let data: ReportData

  /// The box's content.
  static func blocks(_ data: ReportData) -> [Document.Block] {
    let findings = Findings(data: data)
    let compared = data.workloads.filter { !$0.comparisons.isEmpty }
    guard !compared.isEmpty else { return [.paragraph(findings.nothingToCompare)] }
    var blocks: [Document.Block] = []
    if compared.count > 1 { blocks.append(.list(findings.overview)) }
    for workload in compared {
      if compared.count > 1 { blocks.append(.heading(3, workload.name)) }
      for comparison in workload.comparisons {
        blocks.append(.paragraph(findings.verdict(comparison, on: workload.name)))
        blocks.append(.list(findings.evidence(comparison)))
      }
    }
    return blocks
  }

  static func judgement(_ comparison: ReportData.StrategyComparison) -> Judgement {
    let felt = comparison.differences.filter { difference in
      difference.verdict != .notEnoughSeeds
        && service.contains { difference.metric.hasPrefix($0) }
    }
    let isBetter = felt.contains { $0.verdict == .better }
    let isWorse = felt.contains { $0.verdict == .worse }
    return switch (isBetter, isWorse) {
    case (true, true): .tradeOff
    case (true, false): .pays
    case (false, true): .costs
    case (false, false):
      felt.isEmpty
        ? .unknown : comparison.differences.contains { $0.verdict == .worse } ? .wasted : .same
    }
  }

  private var nothingToCompare: Inline {
    data.workloads.isEmpty
      ? "There are no finished runs to report on."
      : """
      Nothing is compared: that takes two strategies with runs of the same seeds on the same \
      workload.
      """
  }

  /// For each pair of strategies, on which workloads the change pays.
  private var overview: [Inline] {
    var pairs: [(baseline: String, candidate: String)] = []
    for comparison in data.workloads.flatMap(\.comparisons)
    where !pairs.contains(where: { $0 == (comparison.baseline, comparison.candidate) }) {
      pairs.append((comparison.baseline, comparison.candidate))
    }
    return pairs.map { pair in
      var places: [(Judgement, [String])] = [.pays, .tradeOff, .same, .wasted, .costs, .unknown].map
      {
        ($0, [])
      }
      for workload in data.workloads {
        for comparison in workload.comparisons
        where (comparison.baseline, comparison.candidate) == pair {
          let judgement = Findings.judgement(comparison)
          for index in places.indices where places[index].0 == judgement {
            places[index].1.append(workload.name)
          }
        }
      }
      let parts = places.filter { !$0.1.isEmpty }.map { judgement, names in
        "\(Findings.phrase(judgement)) on “\(names.joined(separator: "”, “"))”"
      }
      return """
        \(strong: pair.candidate) against \(strong: pair.baseline): \
        \(parts.joined(separator: "; ")).
        """
    }
  }

  private func verdict(_ comparison: ReportData.StrategyComparison, on workload: String) -> Inline {
    let judgement = Findings.judgement(comparison)
    let tone: Verdict =
      switch judgement {
      case .pays: .better
      case .costs, .wasted: .worse
      case .tradeOff, .same, .unknown: .noDifference
      }
    let seeds = comparison.seeds == 1 ? "1 seed" : "\(comparison.seeds) seeds"
    return Inline(
      [
        .strong(comparison.candidate), .text(" against "), .strong(comparison.baseline),
        .text(" on “\(workload)”, \(seeds): "), .toned(Findings.phrase(judgement), tone),
        .text("."),
      ])
  }

  private static func phrase(_ judgement: Judgement) -> String {
    switch judgement {
    case .pays: "pays"
    case .costs: "does not pay (what users feel gets worse)"
    case .tradeOff: "is a trade-off (better in some respects, worse in others)"
    case .same: "makes no detected difference in what users feel"
    case .wasted: "does not pay (no difference detected in what users feel, and a cost)"
    case .unknown: "cannot be judged (too few seeds, or no request finished)"
    }
  }

  /// The differences by verdict, each with its interval.
  private func evidence(_ comparison: ReportData.StrategyComparison) -> [Inline] {
    Verdict.listed.compactMap { verdict in
      let all = comparison.differences.filter { $0.verdict == verdict }
      guard !all.isEmpty else { return nil }
      let items = all.prefix(Findings.mostItems).map { difference in
        let change = difference.relative.isFinite ? " " + difference.relativeText : ""
        let values =
          verdict == .better || verdict == .worse || !difference.relative.isFinite
          ? " (\(difference.baselineText) to \(difference.candidateText))" : ""
        return difference.title + change + values
      }
      let rest = all.count - items.count
      let more = rest > 0 ? "; \(rest) more in the table below" : ""
      let label = verdict.rawValue.prefix(1).uppercased() + verdict.rawValue.dropFirst()
      return Inline([
        .toned(label, verdict), .text(": " + items.joined(separator: "; ") + more + "."),
      ])
    }
  }
}
