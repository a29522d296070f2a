/// A piece of HTML. What is interpolated into one is escaped unless it is HTML itself, so that no
/// name from outside can become markup.
public struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
  /// The markup.
  public private(set) var text: String

  /// Takes a literal as markup.
  public init(stringLiteral value: String) { text = value }

  /// Takes the literal parts as markup and the rest as its type says.
  public init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  /// Takes markup that is known to be well formed.
  init(markup: String) { text = markup }

  /// Appends a piece.
  static func += (left: inout HTML, right: HTML) { left.text += right.text }

  /// Pieces one after another.
  static func joined(_ pieces: some Sequence<HTML>, separator: String = "\n") -> HTML {
    HTML(markup: pieces.map(\.text).joined(separator: separator))
  }

  /// `text` with everything replaced that could be markup, in content or in a quoted attribute.
  /// Control characters, which XML forbids, become spaces.
  public static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value): result += " "
      case _ where scalar.value & 0xfffe == 0xfffe: result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// How literals and values become markup.
  public struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    /// An empty piece.
    public init(literalCapacity: Int, interpolationCount: Int) {
      text.reserveCapacity(literalCapacity)
    }

    /// Markup, as the literal says.
    public mutating func appendLiteral(_ literal: String) { text += literal }
    /// Text, escaped.
    public mutating func appendInterpolation(_ value: String) { text += HTML.escaped(value) }
    /// A number.
    public mutating func appendInterpolation(_ value: Int) { text += String(value) }
    /// Markup.
    public mutating func appendInterpolation(_ value: HTML) { text += value.text }
  }
}
