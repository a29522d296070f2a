import Primitives

/// A number as it is written: `digits` x 10^`exponent`, so that `12.34` s becomes nanoseconds
/// without passing through a binary fraction.
struct ScannedNumber {
  private let isNegative: Bool
  /// The first 19 significant digits.
  private let digits: UInt64
  private let exponent: Int
  /// Whether digits other than 0 follow those that are kept.
  private let isCut: Bool

  /// Reads `[+-]digits[.digits][e[+-]digits]`, the whole of `range`.
  /// - Returns: nil for anything else: empty text, `nan`, `inf`, hexadecimal.
  init?(_ text: TextSource, _ range: Range<Int>) {
    var position = range.lowerBound
    let end = range.upperBound
    var negative = false
    if position < end, text[position] == UInt8(ascii: "-") || text[position] == UInt8(ascii: "+") {
      negative = text[position] == UInt8(ascii: "-")
      position += 1
    }
    var digits: UInt64 = 0
    var kept = 0
    var exponent = 0
    var cut = false
    var seen = false
    var point = false
    scan: while position < end {
      switch text[position] {
      case let byte where byte &- UInt8(ascii: "0") < 10:
        let digit = UInt64(byte &- UInt8(ascii: "0"))
        seen = true
        if kept < 19 {
          digits = digits &* 10 &+ digit
          if digits != 0 { kept += 1 }
          if point { exponent -= 1 }
        } else {
          if digit != 0 { cut = true }
          if !point { exponent += 1 }
        }
      case UInt8(ascii: ".") where !point: point = true
      case UInt8(ascii: "e") where seen, UInt8(ascii: "E") where seen: break scan
      default: return nil
      }
      position += 1
    }
    guard seen else { return nil }
    if position < end {
      guard let power = ScannedNumber.power(text, position + 1..<end) else { return nil }
      exponent += power
    }
    isNegative = negative
    self.digits = digits
    self.exponent = exponent
    isCut = cut
  }

  /// The number times 10^`power`, to the nearest integer, halves away from zero; nil if it does not
  /// fit. `exact` says whether nothing was rounded.
  func scaled(by power: Int) -> (value: Int64, exact: Bool)? {
    if digits == 0 { return (0, true) }
    let shift = exponent + power
    var magnitude = digits
    var exact = !isCut
    if shift >= 0 {
      guard shift < 20 else { return nil }
      let (product, overflow) = digits.multipliedReportingOverflow(by: Self.powers[shift])
      guard !overflow else { return nil }
      magnitude = product
    } else if shift > -20 {
      let divisor = Self.powers[-shift]
      let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: divisor)
      magnitude = quotient + (remainder >= divisor - remainder ? 1 : 0)
      exact = exact && remainder == 0
    } else {
      magnitude = 0
      exact = false
    }
    guard let value = Int64(exactly: magnitude) else { return nil }
    return (isNegative ? -value : value, exact)
  }

  /// The number as an integer, if it is one (`63` and `63.0` are).
  var integer: Int64? { scaled(by: 0).flatMap { $0.exact ? $0.value : nil } }

  /// The nearest double, by the exact path for the numbers that occur in practice
  /// (W. D. Clinger, "How to Read Floating Point Numbers Accurately", PLDI'90).
  func double(_ text: TextSource, _ range: Range<Int>) -> Double? {
    if !isCut && digits <= 1 << 53 && abs(exponent) <= 22 {
      let scale = Self.exactDoubles[abs(exponent)]
      let magnitude = exponent < 0 ? Double(digits) / scale : Double(digits) * scale
      return isNegative ? -magnitude : magnitude
    }
    return Double(text.string(range)).flatMap { $0.isFinite ? $0 : nil }
  }

  private static let powers: [UInt64] = (0..<20).map { exponent in
    (0..<exponent).reduce(1) { product, _ in product * 10 }
  }
  private static let exactDoubles: [Double] = (0...22).map { exponent in
    (0..<exponent).reduce(1.0) { product, _ in product * 10 }
  }

  /// The digits of an exponent; far outside any number's range they stop counting.
  private static func power(_ text: TextSource, _ range: Range<Int>) -> Int? {
    var digits = range
    var negative = false
    if let first = digits.first,
      text[first] == UInt8(ascii: "-") || text[first] == UInt8(ascii: "+")
    {
      negative = text[first] == UInt8(ascii: "-")
      digits = first + 1..<digits.upperBound
    }
    guard !digits.isEmpty else { return nil }
    var value = 0
    for position in digits {
      let digit = text[position] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = min(value * 10 + Int(digit), 100_000)
    }
    return negative ? -value : value
  }
}

extension TextSource {
  /// A whole number, nothing else; the fast path of the readers.
  func int64(_ range: Range<Int>) -> Int64? {
    guard let first = range.first else { return nil }
    let negative = self[first] == UInt8(ascii: "-")
    let digits = negative ? first + 1..<range.upperBound : range
    guard !digits.isEmpty, digits.count <= 19 else { return nil }
    var value: UInt64 = 0
    for position in digits {
      let digit = self[position] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value &* 10 &+ UInt64(digit)
    }
    guard let magnitude = Int64(exactly: value) else { return nil }
    return negative ? -magnitude : magnitude
  }

  /// A finite number.
  func double(_ range: Range<Int>) -> Double? {
    ScannedNumber(self, range).flatMap { $0.double(self, range) }
  }
}
