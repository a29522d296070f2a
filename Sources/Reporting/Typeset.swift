import Primitives

/// Numbers as people read them. A value that is not a number reads as a dash.
enum Typeset {
  /// Joins a number to its unit, so that a line is never broken between them.
  static let space = "\u{a0}"
  private static let dash = "\u{2013}"

  /// `value` with exactly `decimals` digits after the point, and a true minus sign.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return dash }
    let places = min(max(decimals, 0), 9)
    let scale = (0..<places).reduce(1.0) { product, _ in product * 10 }
    let scaled = (value.magnitude * scale).rounded()
    guard scaled < 9e15 else { return "\(value)" }
    let digits = String(Int64(scaled))
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = value < 0 && scaled > 0 ? "\u{2212}" : ""
    let whole = grouped(String(padded.dropLast(places)))
    return places == 0 ? sign + whole : sign + whole + "." + String(padded.suffix(places))
  }

  /// `value` to three digits that matter: `0.0123`, `1.23`, `12.3`, `12,300`.
  static func significant(_ value: Double, digits: Int = 3) -> String {
    guard value.isFinite else { return dash }
    guard value != 0 else { return "0" }
    var size = 0
    var rest = value.magnitude
    while rest >= 10, size < 300 { (rest, size) = (rest / 10, size + 1) }
    while rest < 1, size > -300 { (rest, size) = (rest * 10, size - 1) }
    if size < -6 { return "\(value)" }
    let decimals = digits - 1 - size
    if decimals >= 0 { return fixed(value, decimals) }
    let unit = (0..<(-decimals)).reduce(1.0) { product, _ in product * 10 }
    return fixed((value / unit).rounded() * unit, 0)
  }

  /// A share of one as a percentage: `0.1234` is `12.3 %`.
  static func percent(_ share: Double, decimals: Int = 1) -> String {
    share.isFinite ? fixed(share * 100, decimals) + space + "%" : dash
  }

  /// A change as a percentage, with its sign: `+12.3 %`.
  static func change(_ share: Double, unit: String = space + "%") -> String {
    guard share.isFinite else { return dash }
    let text = fixed(share * 100, 1) + unit
    return share > 0 && text.contains { $0 >= "1" && $0 <= "9" } ? "+" + text : text
  }

  /// A unit, and how much of the base unit it is.
  struct Unit: Equatable {
    var name: String
    var size: Double
  }

  /// The unit in which so many seconds read best.
  static func unit(ofSeconds seconds: Double) -> Unit {
    let units = [
      Unit(name: "d", size: 86_400), Unit(name: "h", size: 3_600), Unit(name: "min", size: 60),
      Unit(name: "s", size: 1), Unit(name: "ms", size: 1e-3), Unit(name: "µs", size: 1e-6),
    ]
    // Seconds are kept up to two minutes: latencies are compared in them.
    let unit = units.first { unit in
      seconds.magnitude >= unit.size * (unit.name == "min" ? 2 : 1) * 0.9995
    }
    return seconds == 0 ? Unit(name: "s", size: 1) : unit ?? Unit(name: "ns", size: 1e-9)
  }

  /// The binary unit in which so many bytes read best.
  static func unit(ofBytes bytes: Double) -> Unit {
    var unit = Unit(name: "B", size: 1)
    for name in ["KiB", "MiB", "GiB", "TiB"] where bytes.magnitude >= unit.size * 1024 {
      unit = Unit(name: name, size: unit.size * 1024)
    }
    return unit
  }

  /// Seconds in the unit that suits them: `12.3 ms`, `1.5 s`, `2 min`, `3 h`, `4 d`.
  static func duration(_ seconds: Double) -> String { inUnit(seconds, unit(ofSeconds: seconds)) }

  /// Bytes in the binary unit that suits them: `1.5 GiB`.
  static func bytes(_ bytes: Double) -> String { inUnit(bytes, unit(ofBytes: bytes)) }

  private static func inUnit(_ value: Double, _ unit: Unit) -> String {
    value.isFinite ? trimmed(significant(value / unit.size)) + space + unit.name : dash
  }

  /// An estimate and half the width of its interval, to the digits that the latter supports:
  /// `812 ± 14`.
  static func estimate(_ value: Double, _ halfWidth: Double) -> String {
    guard value.isFinite, halfWidth.isFinite else { return dash }
    guard halfWidth > value.magnitude * 1e-9 else {
      return "\(trimmed(significant(value, digits: 4)))\(space)±\(space)0"
    }
    var decimals = 0
    var unit = 10.0
    // Two digits of the half width, and not more than four decimals.
    while halfWidth < unit, decimals < 4 { (unit, decimals) = (unit / 10, decimals + 1) }
    return "\(fixed(value, decimals))\(space)±\(space)\(fixed(halfWidth, decimals))"
  }

  /// A count: whole where it is whole, else to three digits.
  static func count(_ value: Double) -> String {
    value == value.rounded() ? fixed(value, 0) : significant(value)
  }

  /// Without zeros that end a fraction: `1.50` is `1.5`.
  static func trimmed(_ text: String) -> String {
    guard text.contains(".") else { return text }
    let short = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
    return String(short.reversed())
  }

  private static func grouped(_ digits: String) -> String {
    guard digits.count > 4 else { return digits }
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }
}
