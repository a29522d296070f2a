import Primitives

extension JSONText {
  /// One line without spaces, the keys of an object in a fixed order, so that equal values give equal
  /// bytes. Numbers must be finite.
  static func compact(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .boolean(let value): value ? "true" : "false"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): quoted(value)
    case .array(let elements): "[" + elements.map(compact).joined(separator: ",") + "]"
    case .object(let members):
      "{"
        + members.sorted { $0.key < $1.key }
        .map { quoted($0.key) + ":" + compact($0.value) }.joined(separator: ",") + "}"
    }
  }
}
