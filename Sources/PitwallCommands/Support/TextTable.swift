import Primitives

/// Rows under headings, printed in any ``OutputFormat``: aligned text, a JSON array of objects,
/// or CSV. Commands say what is in the table; this says how it looks.
struct TextTable: Sendable {
  /// One value, kept typed until it is printed so that JSON gets numbers and text gets alignment.
  enum Cell: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// Words: left-aligned.
    case text(String)
    /// A whole number: right-aligned.
    case integer(Int64)
    /// A number, printed with this many decimals: right-aligned.
    case number(Double, decimals: Int)
    /// Nothing: `-` in a table, `null` in JSON, empty in CSV.
    case missing

    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
  }

  /// Headings; also the keys of the JSON form.
  let columns: [String]
  /// The rows; each has one cell for each column.
  private(set) var rows: [[Cell]] = []

  /// An empty table.
  init(_ columns: [String]) { self.columns = columns }

  /// Adds a row; cells left out at its end are missing.
  mutating func append(_ row: [Cell]) {
    let padding = repeatElement(Cell.missing, count: max(0, columns.count - row.count))
    rows.append(Array((row + padding).prefix(columns.count)))
  }

  /// The table as text that ends with a newline.
  func rendered(as format: OutputFormat) -> String {
    switch format {
    case .table: aligned()
    case .json: json()
    case .csv: csv()
    }
  }

  private func aligned() -> String {
    let body = rows.map { $0.map(\.forPeople) }
    let widths = columns.indices.map { column in
      body.reduce(columns[column].count) { max($0, $1[column].count) }
    }
    // A column is set like its first value, so that a heading stands over its numbers.
    let rightAligned = columns.indices.map { column in
      rows.lazy.map { $0[column] }.first { $0 != .missing }?.isNumeric ?? false
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - cells[column].count)
        return rightAligned[column] ? space + cells[column] : cells[column] + space
      }
      let text = padded.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed()) + "\n"
    }
    let rule = line(widths.map { String(repeating: "-", count: $0) })
    return line(columns) + rule + body.map(line).joined()
  }

  private func json() -> String {
    let objects = rows.map { row in
      let fields = zip(columns, row).map { "\(JSONText.quoted($0)): \($1.json)" }
      return "  {" + fields.joined(separator: ", ") + "}"
    }
    return objects.isEmpty ? "[]\n" : "[\n" + objects.joined(separator: ",\n") + "\n]\n"
  }

  private func csv() -> String {
    let lines = [columns.map(TextTable.csvField)] + rows.map { $0.map(\.csv) }
    return lines.map { $0.joined(separator: ",") + "\n" }.joined()
  }

  fileprivate static func csvField(_ text: String) -> String {
    let special = text.utf8.contains { [0x22, 0x2c, 0x0a, 0x0d].contains($0) }
    return special
      ? "\""
        + text.split(separator: "\"", omittingEmptySubsequences: false)
        .joined(separator: "\"\"") + "\"" : text
  }
}

extension TextTable.Cell {
  fileprivate var isNumeric: Bool {
    switch self {
    case .integer, .number: true
    case .text, .missing: false
    }
  }

  fileprivate var forPeople: String {
    switch self {
    // A name from a file must not be able to move the cursor.
    case .text(let text):
      String(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? "�" : Character($0) })
    case .integer(let value): String(value)
    case .number(let value, let decimals): Self.fixed(value, decimals)
    case .missing: "-"
    }
  }

  fileprivate var json: String {
    switch self {
    case .text(let text): JSONText.quoted(text)
    case .number(let value, _) where !value.isFinite: "null"
    case .missing: "null"
    case .integer, .number: forPeople
    }
  }

  fileprivate var csv: String {
    switch self {
    case .text(let text): TextTable.csvField(text)
    case .missing: ""
    case .integer, .number: forPeople
    }
  }

  /// `value` with a fixed number of decimals, without Foundation's formatters.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    let scale = (0..<max(0, decimals)).reduce(1.0) { product, _ in product * 10 }
    let scaled = (value * scale).rounded()
    guard abs(scaled) < 9e15 else { return "\(value)" }
    let whole = Int64(scaled.magnitude)
    let sign = scaled < 0 ? "-" : ""
    guard decimals > 0 else { return sign + String(whole) }
    let digits = String(whole)
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}
