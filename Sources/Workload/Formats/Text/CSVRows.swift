import Primitives

/// The rows of a CSV text (RFC 4180), one at a time: fields as ranges of the text.
///
/// Beyond the standard: line breaks may be LF or CRLF, the last may be missing, blank lines are
/// passed over, and the delimiter may be another character.
struct CSVRows {
  /// One field: its content without the quotes around it.
  struct Field {
    /// Where the content lies.
    var range: Range<Int>
    /// Whether the content has doubled quotes in it.
    var hasDoubledQuotes: Bool
  }

  /// The text.
  let text: TextSource
  /// The fields of the row that ``next()`` has read.
  private(set) var fields: [Field] = []
  /// The line on which that row begins.
  private(set) var line = 0
  private var position: Int
  private var nextLine: Int
  private let delimiter: UInt8

  /// The rows from a position on.
  init(_ text: TextSource, from position: Int? = nil, line: Int = 1, delimiter: UInt8 = 0x2c) {
    self.text = text
    self.position = position ?? text.start
    nextLine = line
    self.delimiter = delimiter
  }

  /// Reads the next row.
  /// - Returns: false at the end.
  /// - Throws: `PitwallError` (data) for a quote that is not closed or stands amid a field.
  mutating func next() throws -> Bool {
    fields.removeAll(keepingCapacity: true)
    skipBlankLines()
    guard position < text.count else { return false }
    line = nextLine
    repeat {
      let isQuoted = position < text.count && text[position] == UInt8(ascii: "\"")
      fields.append(isQuoted ? try quotedField() : try plainField())
    } while skipDelimiter()
    return true
  }

  /// A field's content as a string.
  func string(_ field: Field) -> String {
    let content = text.string(field.range)
    guard field.hasDoubledQuotes else { return content }
    var result: [UInt8] = []
    var opensPair = false
    for byte in content.utf8 {
      opensPair = byte == UInt8(ascii: "\"") && !opensPair
      if byte != UInt8(ascii: "\"") || opensPair { result.append(byte) }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// An error about the row that was read.
  func failure(_ message: String) -> PitwallError { .data(text.file, line: line, message) }

  private mutating func skipBlankLines() {
    while position < text.count {
      let isBreak = text[position] == UInt8(ascii: "\n")
      let isPair =
        text[position] == UInt8(ascii: "\r")
        && (position + 1 == text.count || text[position + 1] == UInt8(ascii: "\n"))
      guard isBreak || isPair else { return }
      position = min(position + (isPair ? 2 : 1), text.count)
      nextLine += 1
    }
  }

  private mutating func plainField() throws -> Field {
    let start = position
    while position < text.count {
      let byte = text[position]
      if byte == delimiter || byte == UInt8(ascii: "\n") { break }
      if byte == UInt8(ascii: "\"") { throw failure("a quote in the middle of a field") }
      position += 1
    }
    let atBreak = position == text.count || text[position] == UInt8(ascii: "\n")
    let hasReturn = atBreak && position > start && text[position - 1] == UInt8(ascii: "\r")
    return Field(range: start..<position - (hasReturn ? 1 : 0), hasDoubledQuotes: false)
  }

  private mutating func quotedField() throws -> Field {
    position += 1
    let start = position
    var doubled = false
    while true {
      guard position < text.count else { throw failure("a quote that is not closed") }
      let byte = text[position]
      if byte == UInt8(ascii: "\n") { nextLine += 1 }
      if byte == UInt8(ascii: "\"") {
        let isDoubled = position + 1 < text.count && text[position + 1] == UInt8(ascii: "\"")
        guard isDoubled else { break }
        doubled = true
        position += 1
      }
      position += 1
    }
    let field = Field(range: start..<position, hasDoubledQuotes: doubled)
    position += 1
    if position < text.count, text[position] == UInt8(ascii: "\r") { position += 1 }
    guard
      position == text.count || text[position] == delimiter || text[position] == UInt8(ascii: "\n")
    else { throw failure("text after a closing quote") }
    return field
  }

  /// Steps over the end of a field; false if it was the last of its row.
  private mutating func skipDelimiter() -> Bool {
    guard position < text.count else { return false }
    let isDelimiter = text[position] == delimiter
    position += 1
    if !isDelimiter { nextLine += 1 }
    return isDelimiter
  }
}
