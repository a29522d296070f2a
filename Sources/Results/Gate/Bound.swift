import Primitives
import Replay

/// What a limit allows.
public enum Bound: Sendable, Equatable {
  /// The mean may not exceed this, in the metric's unit.
  case max(Double)
  /// The mean may not fall below this.
  case min(Double)
  /// The mean may not exceed the baseline's by more.
  case maxIncrease(Change)
  /// The mean may not fall below the baseline's by more.
  case maxDecrease(Change)
  /// Every seed must give exactly the baseline's value: for counts that do not depend on luck.
  case unchanged

  /// A change against the baseline.
  public enum Change: Sendable, Equatable {
    /// A share of the baseline.
    case relative(Double)
    /// In the metric's unit.
    case absolute(Double)
  }

  /// Whether it is about the difference from a baseline.
  public var needsBaseline: Bool {
    switch self {
    case .max, .min: false
    case .maxIncrease, .maxDecrease, .unchanged: true
    }
  }

  /// By how much a seed's value goes beyond what is allowed; negative where it does not.
  ///
  /// All bounds become one question so: is the mean of this, over seeds, above zero?
  func excess(_ value: Double, baseline: Double) -> Double {
    switch self {
    case .max(let limit): value - limit
    case .min(let limit): limit - value
    case .maxIncrease(let change): value - baseline - change.amount(baseline)
    case .maxDecrease(let change): baseline - change.amount(baseline) - value
    case .unchanged: value == baseline ? -1 : 1
    }
  }

  /// As in the gate file: `max_increase 5 %`.
  public func text(_ unit: MetricUnit) -> String {
    switch self {
    case .max(let limit): "max \(unit.plainText(limit))"
    case .min(let limit): "min \(unit.plainText(limit))"
    case .maxIncrease(let change): "max_increase \(change.text(unit))"
    case .maxDecrease(let change): "max_decrease \(change.text(unit))"
    case .unchanged: "unchanged"
    }
  }
}

extension Bound.Change {
  func amount(_ baseline: Double) -> Double {
    switch self {
    case .relative(let share): abs(baseline) * share
    case .absolute(let amount): amount
    }
  }

  public func text(_ unit: MetricUnit) -> String {
    switch self {
    case .relative(let share): "\(NumberText.plain(share * 100)) %"
    case .absolute(let amount): unit.plainText(amount)
    }
  }
}

extension MetricUnit {
  /// Parses a value that a person wrote with its unit: `500 ms`, `2GB`, `90 %` of a ratio, `3.5`
  /// or `3.5 req/s` of a rate. Times need their unit, as a bare 500 could mean seconds.
  func parse(_ text: String) -> Double? {
    switch self {
    case .milliseconds, .seconds:
      guard text.last?.isLetter == true, let time = Quantity.nanoseconds(text) else { return nil }
      return self == .seconds ? time.seconds : time.milliseconds
    case .bytes: return Quantity.bytes(text).map(Double.init)
    case .ratio: return Self.percentage(text) ?? Self.number(text)
    case .count: return Self.number(text)
    case .requestsPerSecond, .tokensPerSecond:
      return Self.number(text.hasSuffix(rawValue) ? String(text.dropLast(rawValue.count)) : text)
    }
  }

  /// What ``parse(_:)`` wants, for errors.
  var example: String {
    switch self {
    case .milliseconds, .seconds: "a time with its unit, such as 500 ms"
    case .bytes: "a size, such as 2 GB"
    case .ratio: "a ratio, such as 0.9 or 90 %"
    case .count: "a number"
    case .requestsPerSecond, .tokensPerSecond: "a rate, such as 3.5 \(rawValue)"
    }
  }

  /// `5 %` as 0.05.
  static func percentage(_ text: String) -> Double? {
    text.hasSuffix("%") ? number(String(text.dropLast())).map { $0 / 100 } : nil
  }

  private static func number(_ text: String) -> Double? {
    Double(text.filter { $0 != " " && $0 != "_" }).flatMap { $0.isFinite ? $0 : nil }
  }
}
