import Results

/// A report's text and structure, before it is HTML or Markdown.
struct Document: Sendable, Equatable {
  var title: String
  var blocks: [Block]

  /// The charts of all figures, in the order in which they appear.
  var charts: [Chart] { blocks.flatMap(\.charts) }

  /// A piece of a page.
  indirect enum Block: Sendable, Equatable {
    /// A heading of level 2 or 3.
    case heading(Int, String)
    case paragraph(Inline)
    case list([Inline])
    /// A box that stands out.
    case callout(String, [Block])
    case table(Table)
    /// Charts side by side where there is room.
    case figures([Chart])
    /// Something that is folded away until it is asked for.
    case details(String, [Block])
    /// Text as it is, in a fixed pitch.
    case verbatim(String)

    var charts: [Chart] {
      switch self {
      case .figures(let charts): charts
      case .callout(_, let blocks), .details(_, let blocks): blocks.flatMap(\.charts)
      case .heading, .paragraph, .list, .table, .verbatim: []
      }
    }
  }

  /// Rows and columns of text.
  struct Table: Sendable, Equatable {
    var caption: String
    /// The first column names the rows.
    var header: [String]
    var rows: [[Inline]]
    /// Columns that hold numbers, and are set flush right.
    var isNumeric: Bool = true
  }
}

/// Running text: a sequence of pieces, some of which stand out.
struct Inline: Sendable, Equatable, ExpressibleByStringInterpolation {
  enum Piece: Sendable, Equatable {
    case text(String)
    case strong(String)
    case code(String)
    /// Says whether something is good or bad news.
    case toned(String, Verdict)
  }

  var pieces: [Piece]

  init(stringLiteral value: String) { pieces = [.text(value)] }
  init(stringInterpolation: Interpolation) { pieces = stringInterpolation.pieces }
  init(_ text: String) { pieces = [.text(text)] }
  init(_ pieces: [Piece]) { self.pieces = pieces }

  struct Interpolation: StringInterpolationProtocol {
    fileprivate var pieces: [Piece] = []
    init(literalCapacity: Int, interpolationCount: Int) {}
    mutating func appendLiteral(_ literal: String) { pieces.append(.text(literal)) }
    mutating func appendInterpolation(_ value: String) { pieces.append(.text(value)) }
    mutating func appendInterpolation(_ value: Int) { pieces.append(.text(String(value))) }
    mutating func appendInterpolation(strong value: String) { pieces.append(.strong(value)) }
    mutating func appendInterpolation(code value: String) { pieces.append(.code(value)) }
    mutating func appendInterpolation(_ value: Inline) { pieces += value.pieces }
  }
}
