extension GateReport {
  /// The report as Markdown, fit for a pull request's step summary.
  public func markdown() -> String {
    var text = "## Gate \(GateReport.escaped(file.path)): \(summary)\n\n"
    text += "| | strategy | metric | limit | workload | seeds | baseline | value | change | p |\n"
    text += "|---|---|---|---|---|--:|--:|--:|--:|--:|\n"
    for check in checks {
      let cells = [
        check.judgement.state == .fail ? "**FAIL**" : check.stateText, check.limit.strategy,
        check.limit.metric.name, check.limit.bound.text(check.limit.metric.unit),
        check.subjectText, "\(check.seeds.count)", check.baselineText, check.valueText,
        check.changeText, check.pValueText,
      ]
      text += "| " + cells.map(GateReport.escaped).joined(separator: " | ") + " |\n"
    }
    let reasons = checks.compactMap { check in
      check.reason.map { "- **\(check.stateText)** \(check.title), \(check.subjectText): \($0)\n" }
    }
    if !reasons.isEmpty { text += "\n" + reasons.map(GateReport.escaped).joined() }
    return text + "\nA check fails if the mean over seeds is beyond its limit with a family-wise "
      + "error of at most \(NumberText.plain(file.alpha * 100)) % (Holm) and its bootstrap "
      + "confidence interval too; it passes if the interval keeps within the limit. Intervals "
      + "are at \(NumberText.plain((1 - file.alpha) * 100)) %.\n"
  }

  /// Text from files as plain text in Markdown: no cell, tag or link of its own.
  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "|", "`", "\\": result += "\\\(character)"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      default: result.append(character)
      }
    }
  }
}
