import Primitives

/// Options that are numbers, checked before anything is computed: what is wrong is one line that names
/// the option.
enum NumberOption {
  /// - Throws: `PitwallError` (usage).
  static func check<Number: Comparable>(
    _ number: Number, _ option: String, in range: ClosedRange<Number>
  ) throws {
    guard range.contains(number) else {
      throw PitwallError(
        .usage, "\(option): \(number) is not from \(range.lowerBound) to \(range.upperBound)")
    }
  }

  /// Numbers with commas between, at least one.
  /// - Throws: `PitwallError` (usage).
  static func list<Number: LosslessStringConvertible>(
    _ text: String, _ option: String
  ) throws -> [Number] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Number(String(part)) else {
        throw PitwallError(
          .usage, "\(option): expected numbers with commas between, found \"\(text)\"")
      }
      return number
    }
  }

  /// Whole numbers of a range with commas between, at least one.
  /// - Throws: `PitwallError` (usage).
  static func list(_ text: String, _ option: String, in range: ClosedRange<Int>) throws -> [Int] {
    let numbers: [Int] = try list(text, option)
    for number in numbers { try check(number, option, in: range) }
    return numbers
  }
}
