extension GateCheck {
  /// `pass`, `FAIL` or `inconclusive`.
  public var stateText: String {
    switch judgement.state {
    case .pass: "pass"
    case .fail: "FAIL"
    case .inconclusive: "inconclusive"
    }
  }

  /// The subject, or `-` where nothing matched.
  public var subjectText: String { subject?.description ?? limit.workload ?? "-" }

  /// The candidate's mean with its unit, or `-`.
  public var valueText: String { value.map(limit.metric.unit.text) ?? "-" }

  /// The baseline's mean with its unit, or `-`.
  public var baselineText: String { baseline.map(limit.metric.unit.text) ?? "-" }

  /// The change against the baseline with its confidence interval, relative where it can be:
  /// `+5.2 % [+4.1 %, +6.3 %]`; `-` where there is none.
  public var changeText: String {
    guard let change else { return "-" }
    if let relative = change.relative {
      return NumberText.change(relative, change.relativeInterval)
    }
    let unit = limit.metric.unit
    let interval = change.interval.map {
      " [\(unit.text($0.lowerBound)), \(unit.text($0.upperBound))]"
    }
    return unit.text(change.difference.mean) + (interval ?? "")
  }

  /// The corrected p-value, or `-`.
  public var pValueText: String { judgement.adjustedPValue.map(NumberText.pValue) ?? "-" }

  /// The interval of the excess over the limit: what the decision rests on.
  public var excessText: String? {
    judgement.interval.map { interval in
      let unit = limit.metric.unit
      if interval.lowerBound == interval.upperBound {
        return "\(unit.text(interval.lowerBound)) over the limit with every seed"
      }
      return "mean excess over the limit between \(unit.text(interval.lowerBound)) and "
        + unit.text(interval.upperBound)
    }
  }

  /// Why the check did not pass, in one line; nil where it passed.
  public var reason: String? {
    switch judgement.state {
    case .pass: return nil
    case .inconclusive(let reason):
      return excessText.map { "\(reason) (\($0))" } ?? reason
    case .fail:
      let excess = excessText.map { ": \($0); p \(pValueText)" } ?? ""
      let against = baseline.map { _ in ", baseline \(baselineText), change \(changeText)" } ?? ""
      return "\(valueText)\(against)\(excess)"
    }
  }
}

extension GateReport {
  /// The outcome in words.
  public var summary: String {
    let failed = checks.filter { $0.judgement.state == .fail }.count
    let passed = checks.filter { $0.judgement.state == .pass }.count
    let open = checks.count - failed - passed
    let word =
      switch outcome {
      case .pass: "pass"
      case .regression: "regression"
      case .inconclusive: "inconclusive"
      }
    return "\(word): \(passed) of \(checks.count) checks passed, \(failed) failed, "
      + "\(open) inconclusive"
  }
}
