import Primitives

/// A JSON value with its keys in the order in which they were written.
indirect enum JSONValue: Sendable {
  case string(String)
  case integer(Int)
  /// Printed with as many digits as tell it apart; not finite is null.
  case number(Double)
  case boolean(Bool)
  case object([(key: String, value: JSONValue)])
  case array([JSONValue])
  case null

  init(_ number: Double?) { self = number.map { .number($0) } ?? .null }
  init(_ integer: Int?) { self = integer.map { .integer($0) } ?? .null }

  /// Indented text.
  func rendered(indent: String = "") -> String {
    switch self {
    case .object(let fields) where !fields.isEmpty:
      let inner = indent + "  "
      let lines = fields.map {
        "\(inner)\(JSONText.quoted($0.key)): \($0.value.rendered(indent: inner))"
      }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
    case .object: return "{}"
    // An entry a line: the rows of a table.
    case .array(let values) where !values.isEmpty:
      let lines = values.map { indent + "  " + $0.onOneLine }
      return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
    case .array: return "[]"
    case .string(let text): return JSONText.quoted(text)
    case .integer(let value): return String(value)
    case .number(let value): return value.isFinite ? "\(value)" : "null"
    case .boolean(let value): return value ? "true" : "false"
    case .null: return "null"
    }
  }

  /// The same without line breaks.
  private var onOneLine: String {
    switch self {
    case .object(let fields):
      "{"
        + fields.map { "\(JSONText.quoted($0.key)): \($0.value.onOneLine)" }
        .joined(separator: ", ") + "}"
    case .array(let values): "[" + values.map(\.onOneLine).joined(separator: ", ") + "]"
    case .string, .integer, .number, .boolean, .null: rendered()
    }
  }

  /// Every leaf under its path, with dots between: the rows of a table.
  func flattened(_ path: String = "") -> [(path: String, cell: TextTable.Cell)] {
    switch self {
    case .object(let fields):
      fields.flatMap { $0.value.flattened(path.isEmpty ? $0.key : "\(path).\($0.key)") }
    case .array(let values):
      values.enumerated().flatMap { $0.element.flattened("\(path).\($0.offset)") }
    case .string(let text): [(path, .text(text))]
    case .integer(let value): [(path, .integer(Int64(value)))]
    case .number(let value): [(path, .number(value, decimals: 6))]
    case .boolean(let value): [(path, .text(value ? "yes" : "no"))]
    case .null: [(path, .missing)]
    }
  }
}
