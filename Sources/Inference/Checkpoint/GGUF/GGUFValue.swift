/// A value of a GGUF file's metadata. All integer types are one here, as are both float types.
enum GGUFValue: Sendable, Equatable {
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case string(String)
  /// Of integers or booleans (0 and 1).
  case integers([Int])
  case numbers([Double])
  case strings([String])
  case arrays([GGUFValue])

  var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
  var string: String? { if case .string(let value) = self { value } else { nil } }
  var strings: [String]? { if case .strings(let value) = self { value } else { nil } }
  var integers: [Int]? { if case .integers(let value) = self { value } else { nil } }

  /// A number, whole or not.
  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
}
