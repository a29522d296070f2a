import Primitives

/// JSON objects, one a line (JSONL), read strictly (RFC 8259) for the values at a few paths.
struct JSONRecords: RecordSource {
  /// How deep objects and arrays may nest.
  static let depthLimit = 64

  let text: TextSource
  private(set) var line = 0
  /// Keys from the outermost object inwards, for each path asked for.
  private let paths: [[[UInt8]]]
  private var values: [RecordValue]
  private var position: Int
  private var nextLine = 1

  /// - Parameter wanted: paths such as `usage.prompt_tokens`; a dot steps into an object.
  init(_ text: TextSource, wanted: [String]) {
    self.text = text
    position = text.start
    paths = wanted.map { $0.split(separator: ".").map { Array($0.utf8) } }
    values = wanted.map { _ in .missing }
  }

  func value(_ column: Int) -> RecordValue { values[column] }

  mutating func next() throws -> Bool {
    skipSpace(acrossLines: true)
    guard position < text.count else { return false }
    line = nextLine
    for index in values.indices { values[index] = .missing }
    guard peek == UInt8(ascii: "{") else { throw failure("expected an object") }
    try object(matching: Array(paths.indices), depth: 1)
    skipSpace()
    guard position == text.count || peek == UInt8(ascii: "\n") else {
      throw failure("expected the end of the line")
    }
    return true
  }

  // Each reader below leaves `position` behind what it has read. `matching` holds the paths whose
  // first `depth` keys lead to the value; `depth` counts the objects and arrays around it.

  private mutating func value(matching: [Int], depth: Int) throws {
    guard let byte = peek else { throw failure("expected a value") }
    switch byte {
    case UInt8(ascii: "{"):
      try object(matching: matching, depth: depth + 1)
    case UInt8(ascii: "["):
      let elements = try array(isWanted: !matching.isEmpty, depth: depth + 1)
      store(elements.map(RecordValue.list) ?? .missing, matching, depth)
    default:
      store(try scalar(), matching, depth)
    }
  }

  private mutating func store(_ value: RecordValue, _ matching: [Int], _ depth: Int) {
    for path in matching where paths[path].count == depth { values[path] = value }
  }

  private mutating func object(matching: [Int], depth: Int) throws {
    try enter(depth)
    if skip(UInt8(ascii: "}")) { return }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
      let key = try string()
      skipSpace()
      guard skip(UInt8(ascii: ":")) else { throw failure("expected a colon") }
      skipSpace()
      let inside = matching.filter { path in
        paths[path].count >= depth && matches(key, paths[path][depth - 1])
      }
      try value(matching: inside, depth: depth)
      skipSpace()
    } while skip(UInt8(ascii: ","))
    guard skip(UInt8(ascii: "}")) else { throw failure("expected a comma or a brace") }
  }

  /// - Returns: the elements if they are wanted and all are scalars.
  private mutating func array(isWanted: Bool, depth: Int) throws -> [String]? {
    try enter(depth)
    var elements: [String]? = isWanted ? [] : nil
    if skip(UInt8(ascii: "]")) { return elements }
    repeat {
      skipSpace()
      if peek == UInt8(ascii: "{") || peek == UInt8(ascii: "[") {
        try value(matching: [], depth: depth)
        elements = nil
      } else {
        let element = try scalar()
        if elements != nil { elements?.append(string(element)) }
      }
      skipSpace()
    } while skip(UInt8(ascii: ","))
    guard skip(UInt8(ascii: "]")) else { throw failure("expected a comma or a bracket") }
    return elements
  }

  private mutating func enter(_ depth: Int) throws {
    guard depth <= Self.depthLimit else {
      throw failure("nested more than \(Self.depthLimit) deep")
    }
    position += 1
    skipSpace()
  }

  private mutating func scalar() throws -> RecordValue {
    switch peek {
    case UInt8(ascii: "\""): return try string()
    case UInt8(ascii: "t"): return .piece(try literal("true"))
    case UInt8(ascii: "f"): return .piece(try literal("false"))
    case UInt8(ascii: "n"):
      _ = try literal("null")
      return .missing
    default: return .piece(try number())
    }
  }

  private mutating func literal(_ word: StaticString) throws -> Range<Int> {
    let end = position + word.utf8CodeUnitCount
    guard end <= text.count, text.equals(position..<end, word) else {
      throw failure("expected a value")
    }
    defer { position = end }
    return position..<end
  }

  private mutating func number() throws -> Range<Int> {
    let start = position
    _ = skip(UInt8(ascii: "-"))
    if !skip(UInt8(ascii: "0")) { try digits() }
    if skip(UInt8(ascii: ".")) { try digits() }
    if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
      _ = skip(UInt8(ascii: "-")) || skip(UInt8(ascii: "+"))
      try digits()
    }
    return start..<position
  }

  private mutating func digits() throws {
    let start = position
    while let byte = peek, byte &- UInt8(ascii: "0") < 10 { position += 1 }
    guard position > start else { throw failure("expected a value") }
  }

  private mutating func string() throws -> RecordValue {
    position += 1
    let start = position
    while let byte = peek, byte >= 0x20 {
      if byte == UInt8(ascii: "\"") {
        position += 1
        return .piece(start..<position - 1)
      }
      if byte == UInt8(ascii: "\\") { return .decoded(try escapedString(from: start)) }
      position += 1
    }
    throw failure("a string that is not closed")
  }

  private mutating func escapedString(from start: Int) throws -> String {
    var result = text.string(start..<position)
    var plain = position
    while let byte = peek, byte >= 0x20 {
      position += 1
      guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      result += text.string(plain..<position - 1)
      if byte == UInt8(ascii: "\"") { return result }
      result.unicodeScalars.append(try escape())
      plain = position
    }
    throw failure("a string that is not closed")
  }

  private mutating func escape() throws -> Unicode.Scalar {
    guard let byte = peek else { throw failure("a string that is not closed") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try codeUnit()
      if let scalar = Unicode.Scalar(first) { return scalar }
      guard first < 0xdc00, skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else { break }
      let second = try codeUnit()
      guard (0xdc00...0xdfff).contains(second) else { break }
      let code = 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
      if let scalar = Unicode.Scalar(code) { return scalar }
    default: break
    }
    throw failure("an escape that is not valid")
  }

  private mutating func codeUnit() throws -> UInt32 {
    let end = position + 4
    guard end <= text.count, let value = UInt32(text.string(position..<end), radix: 16),
      text[position] != UInt8(ascii: "+")
    else { throw failure("an escape that is not valid") }
    position = end
    return value
  }

  private var peek: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skip(_ byte: UInt8) -> Bool {
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace(acrossLines: Bool = false) {
    while let byte = peek {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
      case UInt8(ascii: "\n") where acrossLines: nextLine += 1
      default: return
      }
      position += 1
    }
  }

  private func matches(_ key: RecordValue, _ wanted: [UInt8]) -> Bool {
    switch key {
    case .piece(let range): unsafe text[range].elementsEqual(wanted)
    case .decoded(let key): key.utf8.elementsEqual(wanted)
    case .missing, .list: false
    }
  }

  private func string(_ value: RecordValue) -> String {
    switch value {
    case .piece(let range): text.string(range)
    case .decoded(let text): text
    case .missing, .list: ""
    }
  }

  private func failure(_ message: String) -> PitwallError {
    let lineEnd = text.endOfLine(from: position)
    let found = position == lineEnd ? "the end" : text.excerpt(position..<lineEnd)
    return .data(text.file, line: line, "not JSON: \(message), found \(found)")
  }
}
