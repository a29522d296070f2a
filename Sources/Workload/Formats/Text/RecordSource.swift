import Primitives

/// A value of a record of text: a field of a CSV row, a member of a JSON object.
enum RecordValue: Equatable {
  /// Not there, or `null`.
  case missing
  /// A piece of the source's text: a number, or a string without escapes.
  case piece(Range<Int>)
  /// A string that had to be decoded.
  case decoded(String)
  /// A JSON array of scalars, as strings.
  case list([String])
}

/// Records of text that come one after the other, read for a few of their columns only.
protocol RecordSource {
  /// The text that pieces are of.
  var text: TextSource { get }
  /// The line of the record that was read last.
  var line: Int { get }
  /// Reads the next record; false at the end.
  mutating func next() throws -> Bool
  /// The value of the n-th column asked for.
  func value(_ column: Int) -> RecordValue
}

/// Named columns of a CSV text with a header.
struct CSVRecords: RecordSource {
  private var rows: CSVRows
  /// The header.
  let names: [String]
  /// For each column asked for, where it is in a row; nil if the file lacks it.
  private let positions: [Int?]

  /// Reads the header.
  /// - Parameter wanted: the columns that ``value(_:)`` is asked for, in that order.
  /// - Throws: `PitwallError` (data) without a header, or if it names a column twice.
  init(_ text: TextSource, wanted: [String], delimiter: UInt8 = 0x2c) throws {
    rows = CSVRows(text, delimiter: delimiter)
    guard try rows.next() else { throw PitwallError.data(text.file, "empty: no header") }
    var names: [String] = []
    for field in rows.fields { names.append(rows.string(field)) }
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw rows.failure("column \"\(name)\" is there twice")
    }
    self.names = names
    positions = wanted.map { names.firstIndex(of: $0) }
  }

  var text: TextSource { rows.text }
  var line: Int { rows.line }

  /// Whether the file has the n-th column asked for.
  func has(_ column: Int) -> Bool { positions[column] != nil }

  mutating func next() throws -> Bool {
    guard try rows.next() else { return false }
    guard rows.fields.count == names.count else {
      throw rows.failure("expected \(names.count) fields, found \(rows.fields.count)")
    }
    return true
  }

  func value(_ column: Int) -> RecordValue {
    guard let position = positions[column] else { return .missing }
    let field = rows.fields[position]
    return field.hasDoubledQuotes ? .decoded(rows.string(field)) : .piece(field.range)
  }
}
