import Results

/// What the comparisons say: a line a workload on whether a strategy pays and at what price, and
/// folded below, every verdict.
enum Findings {
  /// What a comparison comes to for those whom the service serves.
  enum Judgement: CaseIterable {
    /// Some latency or goodput is better, by more than its minimum effect, and none is worse.
    case pays
    /// Some is better, some worse.
    case tradeOff
    /// Nothing that users feel is shown to be better or worse by as much as matters.
    case same
    /// Nor here, but something else is worse: bytes moved, for instance.
    case wasted
    /// Something that users feel is worse, nothing better.
    case costs
    /// Every seed replayed the same run: what it shows is exact, and holds for one trace.
    case exact
    /// There is nothing to judge by.
    case unknown

    /// The end of the sentence that begins with the strategy's name.
    var phrase: String {
      switch self {
      case .pays: "pays"
      case .tradeOff: "is a trade-off"
      case .same: "makes no proven difference to users"
      case .wasted: "does not pay"
      case .costs: "makes it worse for users"
      case .exact: "cannot be judged beyond the one trace that was replayed (no seeds vary)"
      case .unknown: "cannot be judged (too few seeds, or no request finished)"
      }
    }

    fileprivate var tone: Verdict {
      switch self {
      case .pays: .better
      case .costs, .wasted: .worse
      case .exact: .exact
      case .tradeOff, .same, .unknown: .noDifference
      }
    }
  }

  /// The box's content.
  static func blocks(_ data: ReportData) -> [Document.Block] {
    let compared = data.workloads.filter { !$0.comparisons.isEmpty }
    guard !compared.isEmpty else {
      return [.paragraph(nothingToCompare(data))] + saturation(data)
    }
    let sentences = compared.flatMap { workload in
      workload.comparisons.filter { judgement($0) != .unknown }.map {
        $0.isExact ? exactSentence($0, on: workload.name) : sentence($0, on: workload.name)
      }
    }
    return overview(data).map { .paragraph($0) } + saturation(data)
      + (sentences.isEmpty ? [] : [.list(sentences)])
      + [.details("All verdicts", compared.flatMap(verdicts))]
  }

  /// Judges a comparison by what users feel.
  static func judgement(_ comparison: ReportData.StrategyComparison) -> Judgement {
    guard !comparison.isExact else { return .exact }
    let tested = comparison.differences.filter { $0.verdict != .notEnoughSeeds }
    let felt = tested.filter(\.isFelt)
    guard !felt.isEmpty else { return .unknown }
    let isBetter = felt.contains(where: \.isGain)
    let isWorse = felt.contains { $0.verdict == .worse }
    return switch (isBetter, isWorse) {
    case (true, true): .tradeOff
    case (true, false): .pays
    case (false, true): .costs
    case (false, false): tested.contains { $0.verdict == .worse } ? .wasted : .same
    }
  }

  /// A line for each workload whose latencies are those of a queue that only grows.
  private static func saturation(_ data: ReportData) -> [Document.Block] {
    data.workloads.compactMap { workload in
      let runs = workload.strategies.flatMap { strategy in
        strategy.runs.map { (strategy: strategy.name, metrics: $0.metrics) }
      }
      return Saturation(runs).map {
        .paragraph("On \(strong: workload.name), \($0.description).")
      }
    }
  }

  private static func nothingToCompare(_ data: ReportData) -> Inline {
    data.workloads.isEmpty
      ? "There are no finished runs to report on."
      : """
      Nothing is compared: that takes two strategies with runs of the same seeds on the same \
      workload.
      """
  }

  /// For each pair of strategies, on which workloads the change pays.
  private static func overview(_ data: ReportData) -> [Inline] {
    let all = data.workloads.flatMap { workload in
      workload.comparisons.map { (workload: workload.name, comparison: $0) }
    }
    var pairs: [(baseline: String, candidate: String)] = []
    for (_, comparison) in all
    where !pairs.contains(where: { $0 == (comparison.baseline, comparison.candidate) }) {
      pairs.append((comparison.baseline, comparison.candidate))
    }
    return pairs.map { pair in
      let own = all.filter { ($0.comparison.baseline, $0.comparison.candidate) == pair }
      let parts = Judgement.allCases.compactMap { judgement -> String? in
        let names = own.filter { Findings.judgement($0.comparison) == judgement }.map(\.workload)
        guard !names.isEmpty else { return nil }
        let isEvery = names.count == own.count && names.count > 1
        return judgement.phrase + " on "
          + (isEvery ? "every workload" : names.joined(separator: ", "))
      }
      return """
        \(strong: pair.candidate) against \(strong: pair.baseline): \
        \(parts.joined(separator: "; ")).
        """
    }
  }

  // MARK: A workload's line

  private static func sentence(
    _ comparison: ReportData.StrategyComparison, on workload: String
  ) -> Inline {
    let judgement = judgement(comparison)
    let told = decisive(comparison).map(clause).joined(separator: "; ")
    let rest = [told.isEmpty ? "" : ": " + told, price(comparison)].filter { !$0.isEmpty }
    return Inline([
      .text("On "), .strong(workload), .text(", \(comparison.candidate) "),
      .toned(judgement.phrase, judgement.tone), .text(rest.joined(separator: ". ") + "."),
    ])
  }

  /// What one run shows: numbers, and no judgement of the strategy.
  private static func exactSentence(
    _ comparison: ReportData.StrategyComparison, on workload: String
  ) -> Inline {
    let told = (decisive(comparison) + comparison.differences.filter { $0.metric == movedBytes })
      .map(clause).joined(separator: "; ")
    return Inline([
      .text("On "), .strong(workload),
      .text(", \(comparison.candidate) against \(comparison.baseline), "),
      .toned("exact for this trace", .exact),
      .text(
        (told.isEmpty ? "" : ": " + told)
          + "; no seeds vary, so nothing is known about other traces."),
    ])
  }

  /// The few differences that a decision hangs on: the tail and the mean of TTFT and how often the
  /// objective was met, and whatever else made the judgement where none of these did.
  private static func decisive(_ comparison: ReportData.StrategyComparison) -> [Difference] {
    let tested = comparison.differences.filter { $0.verdict != .notEnoughSeeds }
    func named(_ metric: String) -> Difference? { tested.first { $0.metric == metric } }
    let usual = [
      named("ttft_p99"), named("ttft_mean"), named("slo_attainment") ?? named("goodput"),
    ]
    .compactMap { $0 }
    let others = tested.filter { $0.isFelt }
      .sorted { $0.relative.magnitude > $1.relative.magnitude }
    let reasons = [
      others.first(where: \.isGain), others.first { $0.verdict == .worse },
    ]
    .compactMap { $0 }.filter { reason in
      !usual.contains { $0.verdict == reason.verdict }
    }
    return reasons + usual
  }

  /// `p99 TTFT falls from 812 ms to 664 ms (−18.2 %)`.
  private static func clause(_ difference: Difference) -> String {
    let title = difference.title
    let values = "from \(difference.baselineText) to \(difference.candidateText)"
    // A change of a percentage in percent would be read as points.
    let change =
      difference.isRatio || !difference.relative.isFinite
      ? "" : Typeset.change(difference.relative)
    let verb = difference.relative < 0 ? "falls" : "rises"
    let doubt = difference.verdict == .notSignificant ? difference.verdict.rawValue : ""
    let remarks = [change, doubt].filter { !$0.isEmpty }.joined(separator: ", ")
    return switch difference.verdict {
    case .exact where difference.baselineText == difference.candidateText:
      "\(title) stays at \(difference.baselineText)"
    case .better, .worse, .different, .notSignificant, .exact:
      "\(title) \(verb) \(values)" + (remarks.isEmpty ? "" : " (\(remarks))")
    case .equivalent: "\(title) stays at \(difference.baselineText)"
    case .noDifference, .notEnoughSeeds: "no difference detected in \(title)"
    }
  }

  private static let movedBytes = "bytes_moved_device"

  /// What is paid in bytes moved to the device; nothing where that is unknown.
  private static func price(_ comparison: ReportData.StrategyComparison) -> String {
    guard let bytes = comparison.differences.first(where: { $0.metric == movedBytes })
    else { return "" }
    let values =
      "\(bytes.baselineText) to \(bytes.candidateText), \(Typeset.change(bytes.relative))"
    return switch bytes.verdict {
    case .worse: "The price is more bytes moved to the device (\(values))"
    case .better: "Fewer bytes are moved to the device, too (\(values))"
    case .equivalent: "As many bytes are moved to the device"
    case .exact, .different, .notSignificant, .noDifference, .notEnoughSeeds: ""
    }
  }

  // MARK: Every verdict

  /// The differences by verdict, with their intervals where these say more than the verdict.
  private static func verdicts(_ workload: ReportData.Workload) -> [Document.Block] {
    workload.comparisons.flatMap { comparison -> [Document.Block] in
      let seeds = comparison.seeds == 1 ? "1 seed" : "\(comparison.seeds) seeds"
      let items = Verdict.listed.compactMap { verdict -> Inline? in
        let all = comparison.differences.filter { $0.verdict == verdict }
        guard !all.isEmpty else { return nil }
        let label = verdict.rawValue
        return Inline([
          .toned(label.prefix(1).uppercased() + label.dropFirst(), verdict),
          .text(": " + all.map(item).joined(separator: "; ") + "."),
        ])
      }
      return [
        .heading(
          3,
          "\(workload.name): \(comparison.candidate) against \(comparison.baseline), \(seeds), "
            + (comparison.isExact
              ? "the same run each" : "corrected for \(comparison.tests) comparisons")),
        .list(items),
      ]
    }
  }

  private static func item(_ difference: Difference) -> String {
    switch difference.verdict {
    case .equivalent: difference.title
    case _ where !difference.relative.isFinite:
      "\(difference.title) (\(difference.baselineText) to \(difference.candidateText))"
    default:
      "\(difference.title) \(difference.relativeText) "
        + "(\(difference.baselineText) to \(difference.candidateText))"
    }
  }
}

extension Difference {
  /// Metrics that users of a service feel, by the beginning of their names.
  private static let felt = ["ttft_", "tpot_", "itl_", "e2e_", "goodput", "slo_attainment"]

  /// Whether users of a service feel this metric.
  fileprivate var isFelt: Bool { Difference.felt.contains { metric.hasPrefix($0) } }

  /// Whether it is better by as much as matters.
  fileprivate var isGain: Bool { verdict == .better && exceedsMinimumEffect }

  fileprivate var isRatio: Bool { MetricDefinition.named(metric)?.unit == .ratio }
}

extension ReportData.StrategyComparison {
  /// Whether every seed replayed the same run, so that there is nothing to test.
  var isExact: Bool { differences.contains { $0.verdict == .exact } }
}
