import Primitives

/// A strict reader of JSON (RFC 8259) for files that may be hostile: no key twice, no lone
/// surrogates, bounded depth, and memory in proportion to the text.
struct JSONParser {
  private static let mostDepth = 64

  /// For errors: the file, and where in it the text begins.
  private let path: String
  private let base: Int
  private var cursor = 0

  private init(path: String, base: Int) {
    self.path = path
    self.base = base
  }

  /// Reads a whole text. Nothing but white space may follow the value.
  /// - Parameters:
  ///   - path: names the file in errors.
  ///   - base: the text's place in the file.
  /// - Throws: `PitwallError` (data) with the byte at which the text is wrong.
  static func parse(_ text: RawSpan, path: String, base: Int = 0) throws -> JSONValue {
    var parser = JSONParser(path: path, base: base)
    let bytes = Span<UInt8>(_bytes: text)
    let value = try parser.value(bytes, depth: 0)
    parser.skipSpace(bytes)
    guard parser.cursor == bytes.count else { throw parser.error("text after the JSON value") }
    return value
  }

  /// Reads a file of at most `limit` bytes.
  /// - Throws: `PitwallError` (noInput, data).
  static func parse(file path: String, limit: Int) throws -> JSONValue {
    let file = try MappedFile(path: path)
    guard file.count <= limit else {
      throw PitwallError.data(path, "\(file.count) bytes are more than the \(limit) expected")
    }
    return try file.withSpan { try parse($0, path: path) }
  }

  private func error(_ message: String) -> PitwallError {
    .data(path, "byte \(base + cursor): \(message)")
  }

  private mutating func skipSpace(_ bytes: Span<UInt8>) {
    while cursor < bytes.count {
      switch bytes[cursor] {
      case 0x20, 0x0a, 0x0d, 0x09: cursor += 1
      default: return
      }
    }
  }

  /// The next byte that is not white space, which is not consumed.
  private mutating func peek(_ bytes: Span<UInt8>) throws -> UInt8 {
    skipSpace(bytes)
    guard cursor < bytes.count else { throw error("the JSON text ends early") }
    return bytes[cursor]
  }

  private mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) throws {
    guard try peek(bytes) == byte else {
      throw error("expected '\(Character(Unicode.Scalar(byte)))'")
    }
    cursor += 1
  }

  private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws -> JSONValue {
    guard depth < JSONParser.mostDepth else { throw error("values nested too deeply") }
    switch try peek(bytes) {
    case UInt8(ascii: "{"): return .object(try object(bytes, depth: depth))
    case UInt8(ascii: "["): return .array(try array(bytes, depth: depth))
    case UInt8(ascii: "\""): return .string(try string(bytes))
    case UInt8(ascii: "t"): return try word("true", .boolean(true), bytes)
    case UInt8(ascii: "f"): return try word("false", .boolean(false), bytes)
    case UInt8(ascii: "n"): return try word("null", .null, bytes)
    default: return try number(bytes)
    }
  }

  private mutating func word(
    _ word: StaticString, _ value: JSONValue, _ bytes: Span<UInt8>
  ) throws -> JSONValue {
    for byte in word.description.utf8 {
      guard cursor < bytes.count, bytes[cursor] == byte else { throw error("expected \(word)") }
      cursor += 1
    }
    return value
  }

  private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws -> [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    cursor += 1
    if try peek(bytes) == UInt8(ascii: "}") {
      cursor += 1
      return members
    }
    while true {
      guard try peek(bytes) == UInt8(ascii: "\"") else { throw error("expected a key") }
      let key = try string(bytes)
      try expect(UInt8(ascii: ":"), bytes)
      guard members.updateValue(try value(bytes, depth: depth + 1), forKey: key) == nil else {
        throw error("the key \"\(key)\" stands there twice")
      }
      if try peek(bytes) == UInt8(ascii: ",") {
        cursor += 1
        continue
      }
      try expect(UInt8(ascii: "}"), bytes)
      return members
    }
  }

  private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws -> [JSONValue] {
    var elements: [JSONValue] = []
    cursor += 1
    if try peek(bytes) == UInt8(ascii: "]") {
      cursor += 1
      return elements
    }
    while true {
      elements.append(try value(bytes, depth: depth + 1))
      if try peek(bytes) == UInt8(ascii: ",") {
        cursor += 1
        continue
      }
      try expect(UInt8(ascii: "]"), bytes)
      return elements
    }
  }

  private mutating func number(_ bytes: Span<UInt8>) throws -> JSONValue {
    let start = cursor
    func byte(_ at: Int) -> UInt8 { at < bytes.count ? bytes[at] : 0 }
    func digits(_ from: Int) -> Int {
      var at = from
      while (0x30...0x39).contains(byte(at)) { at += 1 }
      return at
    }
    let first = byte(start) == UInt8(ascii: "-") ? start + 1 : start
    var end = digits(first)
    guard end > first, byte(first) != UInt8(ascii: "0") || end == first + 1 else {
      throw error("expected a value")
    }
    var isWhole = true
    if byte(end) == UInt8(ascii: ".") {
      isWhole = false
      guard digits(end + 1) > end + 1 else { throw error("a number without digits") }
      end = digits(end + 1)
    }
    if byte(end) | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      let sign = byte(end + 1)
      let from = sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") ? end + 2 : end + 1
      guard digits(from) > from else { throw error("a number without digits") }
      end = digits(from)
    }
    // A number has no use for more, and turning a long one into a double takes long.
    guard end - start <= 400 else { throw error("a number that is too long") }
    var text = ""
    for at in start..<end { text.unicodeScalars.append(Unicode.Scalar(bytes[at])) }
    cursor = end
    if isWhole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw error("a number that is too large")
    }
    return .number(value)
  }

  private mutating func string(_ bytes: Span<UInt8>) throws -> String {
    cursor += 1
    let start = cursor
    while cursor < bytes.count, bytes[cursor] != UInt8(ascii: "\"") {
      guard bytes[cursor] >= 0x20 else { throw error("a control character in a string") }
      if bytes[cursor] == UInt8(ascii: "\\") { return try escapedString(bytes, from: start) }
      cursor += 1
    }
    guard cursor < bytes.count else { throw error("a string without an end") }
    let text = try text(bytes.extracting(start..<cursor))
    cursor += 1
    return text
  }

  private func text(_ bytes: Span<UInt8>) throws -> String {
    do { return String(copying: try UTF8Span(validating: bytes)) } catch {
      throw self.error("a string that is not UTF-8")
    }
  }

  /// The slow path: a string with escapes, of which all before `cursor` are plain bytes.
  private mutating func escapedString(_ bytes: Span<UInt8>, from start: Int) throws -> String {
    var buffer: [UInt8] = []
    for at in start..<cursor { buffer.append(bytes[at]) }
    while cursor < bytes.count, bytes[cursor] != UInt8(ascii: "\"") {
      guard bytes[cursor] >= 0x20 else { throw error("a control character in a string") }
      if bytes[cursor] == UInt8(ascii: "\\") {
        buffer.append(contentsOf: String(try escape(bytes)).utf8)
      } else {
        buffer.append(bytes[cursor])
        cursor += 1
      }
    }
    guard cursor < bytes.count else { throw error("a string without an end") }
    let text = try text(buffer.span)
    cursor += 1
    return text
  }

  private mutating func escape(_ bytes: Span<UInt8>) throws -> Unicode.Scalar {
    guard cursor + 1 < bytes.count else { throw error("a string without an end") }
    let letter = bytes[cursor + 1]
    cursor += 2
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw error("an unknown escape")
    }
    let unit = try hexadecimal(bytes)
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard (0xd800...0xdbff).contains(unit), cursor + 1 < bytes.count,
      bytes[cursor] == UInt8(ascii: "\\"), bytes[cursor + 1] == UInt8(ascii: "u")
    else { throw error("half of a surrogate pair") }
    cursor += 2
    let low = try hexadecimal(bytes)
    guard (0xdc00...0xdfff).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00))
    else { throw error("half of a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal(_ bytes: Span<UInt8>) throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard cursor < bytes.count, let digit = Character(Unicode.Scalar(bytes[cursor])).hexDigitValue
      else { throw error("expected four hexadecimal digits") }
      value = value << 4 | UInt32(digit)
      cursor += 1
    }
    return value
  }
}
