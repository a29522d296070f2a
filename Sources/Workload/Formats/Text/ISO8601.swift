import Primitives

/// Dates and times as logs write them, to the nanosecond and without a calendar library.
enum ISO8601 {
  /// Nanoseconds since 1970-01-01 UTC of `2023-11-16 18:17:03.9799600`, `2023-11-16T18:17:03Z`,
  /// `2023-11-16T18:17:03,5+01:00`; without a zone it is UTC. More than nine decimals are rounded.
  /// - Returns: nil if it is anything else, or outside the years 1678 to 2261.
  static func nanoseconds(_ text: TextSource, _ range: Range<Int>) -> Nanoseconds? {
    var cursor = Cursor(text: text, position: range.lowerBound, end: range.upperBound)
    guard let year = cursor.number(digits: 4), cursor.skip("-"),
      let month = cursor.number(digits: 2), cursor.skip("-"),
      let day = cursor.number(digits: 2), cursor.skip("T") || cursor.skip(" ") || cursor.skip("t"),
      let hour = cursor.number(digits: 2), cursor.skip(":"),
      let minute = cursor.number(digits: 2)
    else { return nil }
    var second = 0
    var fraction: Int64 = 0
    if cursor.skip(":") {
      guard let seconds = cursor.number(digits: 2) else { return nil }
      second = seconds
      if cursor.skip(".") || cursor.skip(",") {
        guard let nanoseconds = cursor.fraction() else { return nil }
        fraction = nanoseconds
      }
    }
    guard let offset = cursor.zone(), cursor.isAtEnd, (1678...2261).contains(year),
      (1...12).contains(month), (1...days(in: month, of: year)).contains(day), hour < 24,
      minute < 60, second <= 60
    else { return nil }
    let minutes = (daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offset
    return Int64(minutes * 60 + second) * 1_000_000_000 + fraction
  }

  private static func days(in month: Int, of year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  /// Days from 1970-01-01 in the proleptic Gregorian calendar, counting years from March so that
  /// the leap day is the last of its year.
  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let marchYear = month > 2 ? year : year - 1
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468
  }

  private struct Cursor {
    let text: TextSource
    var position: Int
    let end: Int

    var isAtEnd: Bool { position == end }

    mutating func skip(_ character: Unicode.Scalar) -> Bool {
      guard position < end, text[position] == UInt8(ascii: character) else { return false }
      position += 1
      return true
    }

    mutating func digit() -> Int? {
      guard position < end, text[position] &- UInt8(ascii: "0") < 10 else { return nil }
      position += 1
      return Int(text[position - 1] - UInt8(ascii: "0"))
    }

    mutating func number(digits: Int) -> Int? {
      var value = 0
      for _ in 0..<digits {
        guard let digit = digit() else { return nil }
        value = value * 10 + digit
      }
      return value
    }

    /// Decimals of a second, as nanoseconds.
    mutating func fraction() -> Int64? {
      guard var value = digit().map(Int64.init) else { return nil }
      var count = 1
      while let digit = digit() {
        count += 1
        if count <= 9 { value = value * 10 + Int64(digit) }
        if count == 10 && digit >= 5 { value += 1 }
      }
      for _ in min(count, 9)..<9 { value *= 10 }
      return value
    }

    /// The zone's offset from UTC in minutes; 0 where none is written.
    mutating func zone() -> Int? {
      if isAtEnd || skip("Z") || skip("z") { return 0 }
      let isWest = skip("-")
      guard isWest || skip("+"), let hours = number(digits: 2), hours < 24 else { return nil }
      guard !isAtEnd else { return hours * (isWest ? -60 : 60) }
      _ = skip(":")
      guard let minutes = number(digits: 2), minutes < 60 else { return nil }
      return (hours * 60 + minutes) * (isWest ? -1 : 1)
    }
  }
}
