/// Numbers as people read them: few digits, with units.
public enum NumberText {
  /// About `digits` significant digits, never in scientific notation: `0.8312`, `47.31`, `1204`.
  public static func significant(_ value: Double, digits: Int = 4) -> String {
    guard value.isFinite else { return "\(value)" }
    guard value != 0 else { return "0" }
    var decimals = digits - 1
    var size = value.magnitude
    while size >= 10, decimals > 0 {
      size /= 10
      decimals -= 1
    }
    while size < 1, decimals < 9 {
      size *= 10
      decimals += 1
    }
    return fixed(value, decimals: decimals)
  }

  /// A fixed number of decimals.
  public static func fixed(_ value: Double, decimals: Int) -> String {
    let scale = (0..<decimals).reduce(1.0) { product, _ in product * 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e18 else { return "\(value)" }
    let digits = String(UInt64(scaled))
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }

  /// A number that a person chose, without trailing zeros: `5`, `0.25`.
  public static func plain(_ value: Double) -> String {
    let text = significant(value, digits: 6)
    guard text.contains(".") else { return text }
    let trimmed = String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
    return trimmed.isEmpty ? "0" : trimmed
  }

  /// A share as a signed percentage: `+5.2 %`.
  public static func change(_ share: Double) -> String {
    let digits = fixed(share * 100, decimals: 2)
    return (share > 0 && digits != "0.00" ? "+" : "") + digits + " %"
  }

  /// A change with its interval: `-5.20 % [-6.30 %, -4.10 %]`; without one where all seeds agree.
  public static func change(_ share: Double, _ interval: ClosedRange<Double>?) -> String {
    guard let interval else { return change(share) }
    let low = change(interval.lowerBound)
    let high = change(interval.upperBound)
    return change(share)
      + (interval.lowerBound == interval.upperBound ? " exactly" : " [\(low), \(high)]")
  }

  /// A p-value: `0.0031`, `<0.0001`.
  public static func pValue(_ p: Double) -> String {
    p < 0.0001 ? "<0.0001" : fixed(p, decimals: 4)
  }
}

extension MetricUnit {
  /// A value with its unit, bytes scaled: `512.3 ms`, `1.204 GB`, `0.8312`.
  public func text(_ value: Double) -> String {
    text(value) { NumberText.significant($0) }
  }

  /// A limit with its unit, as a person would write it: `500 ms`.
  func plainText(_ value: Double) -> String { text(value, NumberText.plain) }

  private func text(_ value: Double, _ number: (Double) -> String) -> String {
    switch self {
    case .ratio, .count: return number(value)
    case .bytes:
      let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")]
      let (scale, unit) = units.first { value.magnitude >= $0.0 } ?? (1, "B")
      return number(value / scale) + " " + unit
    default: return number(value) + " " + rawValue
    }
  }
}
