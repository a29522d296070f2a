import Primitives

/// A CSV file of measurements, small enough to be held whole, read by the names of its columns.
///
/// Its errors name file, line and column. Columns that nobody asks for are allowed: measurements
/// carry many.
public struct CSVTable: Sendable {
  /// The file, as the person named it.
  public let file: String
  /// The rows, in the file's order.
  public let rows: [Row]
  /// SHA-256 of the file's content, in hexadecimal digits.
  public let digest: String
  /// The names of the columns.
  public let columns: Set<String>

  /// One row.
  public struct Row: Sendable {
    /// The file.
    public let file: String
    /// The line on which the row begins.
    public let line: Int
    fileprivate let columns: [String: Int]
    fileprivate let fields: [String]

    /// An error about a column of this row.
    public func failure(_ column: String, _ message: String) -> PitwallError {
      .data(file, line: line, "\(column): \(message)")
    }

    /// A field as it is written; nil where it is empty or the file lacks the column.
    public func text(_ column: String) -> String? {
      columns[column].map { fields[$0] }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A finite number within a range; nil where the field is empty.
    /// - Throws: `PitwallError` (data) for anything else.
    public func number(
      _ column: String, in range: ClosedRange<Double> = -1e300...1e300
    ) throws -> Double? {
      guard let text = text(column) else { return nil }
      guard let value = Double(text), value.isFinite else {
        throw failure(column, "expected a number, found \"\(text.prefix(40))\"")
      }
      guard range.contains(value) else {
        throw failure(column, "\(text) is outside \(range.lowerBound)...\(range.upperBound)")
      }
      return value
    }

    /// A whole number within a range; nil where the field is empty. `63.0` is one.
    /// - Throws: `PitwallError` (data) for anything else.
    public func integer(_ column: String, in range: ClosedRange<Int>) throws -> Int? {
      guard let value = try number(column) else { return nil }
      guard let whole = Int(exactly: value) else {
        throw failure(column, "expected a whole number, found \(value)")
      }
      guard range.contains(whole) else {
        throw failure(column, "\(whole) is outside \(range.lowerBound)...\(range.upperBound)")
      }
      return whole
    }

    /// The value of a field that may not be empty: `row.required("step_ms", row.number("step_ms"))`.
    /// - Throws: `PitwallError` (data) where it is.
    public func required<T>(_ column: String, _ value: T?) throws -> T {
      guard let value else { throw failure(column, "is empty") }
      return value
    }
  }

  private static let largestFile = 256 << 20

  /// Reads a file, also gzipped.
  /// - Parameter required: columns that must be there.
  /// - Throws: `PitwallError`: noInput if it cannot be read, data if it is malformed, lacks a column
  ///   or is larger than 256 MiB.
  public static func read(_ path: String, required: [String]) throws -> CSVTable {
    try CSVTable(TraceInput(opening: path), required: required)
  }

  /// Parses a text.
  /// - Throws: `PitwallError` (data).
  public init(_ text: String, file: String, required: [String]) throws {
    try self.init(
      TraceInput(name: file, bytes: InputBytes(Array(text.utf8))), required: required)
  }

  private init(_ input: TraceInput, required: [String]) throws {
    file = input.name
    guard input.bytes.count <= CSVTable.largestFile else {
      throw PitwallError.data(file, "larger than 256 MiB: this is not a table of measurements")
    }
    let text = try TextSource(input)
    var source = CSVRows(text)
    guard try source.next() else { throw PitwallError.data(file, "empty: no header") }
    var columns: [String: Int] = [:]
    for (index, field) in source.fields.enumerated() {
      let name = source.string(field)
      guard columns.updateValue(index, forKey: name) == nil else {
        throw source.failure("column \"\(name)\" is there twice")
      }
    }
    self.columns = Set(columns.keys)
    if let problem = CSVTable.absence(of: required, in: self.columns) {
      throw source.failure(problem)
    }
    var rows: [Row] = []
    while try source.next() {
      guard source.fields.count == columns.count else {
        throw source.failure("expected \(columns.count) fields, found \(source.fields.count)")
      }
      let fields = source.fields.map { source.string($0) }
      rows.append(Row(file: file, line: source.line, columns: columns, fields: fields))
    }
    self.rows = rows
    digest = SHA256.hex(text.string(0..<text.count))
  }

  /// Checks that columns are there, where only the file itself tells which it must have.
  /// - Throws: `PitwallError` (data) where one is missing.
  public func require(_ names: [String]) throws {
    if let problem = CSVTable.absence(of: names, in: columns) {
      throw PitwallError.data(file, line: 1, problem)
    }
  }

  private static func absence(of names: [String], in columns: Set<String>) -> String? {
    names.first { !columns.contains($0) }.map { name in
      "column \"\(name)\" is missing" + Suggestion.hint(for: name, in: columns.sorted())
    }
  }
}
