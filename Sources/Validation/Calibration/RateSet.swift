import Primitives

/// The rates of a run's adapters, written as files of runs do: `0.1-0.05-0.025`, in 1/s.
public enum RateSet {
  /// The rates of a run.
  public static func text(of run: MeasuredRun) -> String {
    run.adapterRates.map { "\($0)" }.joined(separator: "-")
  }

  /// Runs but for those with some rates.
  /// - Parameter texts: rates with dashes between.
  /// - Throws: `PitwallError` (usage) for rates that no run has.
  public static func leaving(_ texts: [String], outOf runs: [MeasuredRun]) throws -> [MeasuredRun] {
    let known = Set(runs.map(text)).sorted()
    let unwanted = try texts.map { text in
      let rates = text.split(separator: "-").map { part in Double(part).map { "\($0)" } ?? "" }
      let normal = rates.joined(separator: "-")
      guard known.contains(normal) else {
        throw PitwallError(
          .usage, "no run has the rates \"\(text)\"" + Suggestion.hint(for: text, in: known))
      }
      return normal
    }
    return runs.filter { !unwanted.contains(text(of: $0)) }
  }
}
