/// Reads the text of a ``ModulePattern``.
struct ModulePatternParser {
  private typealias Node = ModulePattern.Node

  private let text: [UInt8]
  private let key: String
  private var cursor = 0
  private var depth = 0

  private static let mostDepth = 40
  private static let mostBytes = 100_000

  /// - Parameter key: of the configuration, under which the pattern stands.
  init(_ pattern: String, under key: String) {
    text = Array(pattern.utf8)
    self.key = key
  }

  private func malformed(_ why: String) -> ModulePattern.Malformed {
    ModulePattern.Malformed(key: key, why: why)
  }

  /// The whole text.
  mutating func pattern() throws(ModulePattern.Malformed) -> ModulePattern.Node {
    guard text.count <= ModulePatternParser.mostBytes else {
      throw malformed("is longer than \(ModulePatternParser.mostBytes) bytes")
    }
    let node = try choice()
    guard cursor == text.count else { throw malformed("has an unbalanced parenthesis") }
    return node
  }

  private var next: UInt8? { cursor < text.count ? text[cursor] : nil }

  /// Consumes `word` if it stands here.
  private mutating func take(_ word: StaticString) -> Bool {
    let bytes = Array(word.description.utf8)
    guard text[cursor...].starts(with: bytes) else { return false }
    cursor += bytes.count
    return true
  }

  private mutating func choice() throws(ModulePattern.Malformed) -> Node {
    depth += 1
    defer { depth -= 1 }
    guard depth < ModulePatternParser.mostDepth else {
      throw malformed("is nested too deeply")
    }
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence() throws(ModulePattern.Malformed) -> Node {
    var parts: [Node] = []
    while let byte = next, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
      parts.append(try quantified(try atom()))
    }
    return parts.count == 1 ? parts[0] : .sequence(parts)
  }

  private mutating func atom() throws(ModulePattern.Malformed) -> Node {
    guard let byte = next else { throw malformed("ends early") }
    cursor += 1
    switch byte {
    case UInt8(ascii: "("): return try group()
    case UInt8(ascii: "["): return .characters(try characterClass())
    case UInt8(ascii: "."): return .characters(.notNewline)
    case UInt8(ascii: "^"): return .start
    case UInt8(ascii: "$"): return .end
    case UInt8(ascii: "\\"): return try escape()
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
      throw malformed("repeats nothing")
    default: return .characters(.init(members: [byte]))
    }
  }

  private mutating func group() throws(ModulePattern.Malformed) -> Node {
    var lookahead: Bool?
    if take("?=") {
      lookahead = false
    } else if take("?!") {
      lookahead = true
    } else if take("?P<") {
      guard let end = text[cursor...].firstIndex(of: UInt8(ascii: ">")) else {
        throw malformed("has a group whose name does not end")
      }
      cursor = end + 1
    } else if !take("?:"), next == UInt8(ascii: "?") {
      throw malformed("uses a kind of group that is not supported")
    }
    let inside = try choice()
    guard take(")") else { throw malformed("has an unbalanced parenthesis") }
    return lookahead.map { .lookahead(inside, negated: $0) } ?? inside
  }

  private mutating func escape() throws(ModulePattern.Malformed) -> Node {
    guard let letter = next else { throw malformed("ends in a backslash") }
    cursor += 1
    switch letter {
    case UInt8(ascii: "A"): return .start
    case UInt8(ascii: "Z"): return .end
    case UInt8(ascii: "b"): return .wordBoundary(negated: false)
    case UInt8(ascii: "B"): return .wordBoundary(negated: true)
    default: return .characters(try escapedCharacters(letter))
    }
  }

  private func escapedCharacters(
    _ letter: UInt8
  ) throws(ModulePattern.Malformed) -> ModulePattern.CharacterClass {
    if let named = ModulePattern.CharacterClass.escaped(letter) { return named }
    switch letter {
    case UInt8(ascii: "n"): return .init(members: [0x0a])
    case UInt8(ascii: "t"): return .init(members: [0x09])
    // Of letters and digits Python knows the above, back references and ways to write characters.
    case let other
    where ModulePattern.CharacterClass.word.contains(other)
      && other != UInt8(ascii: "_"):
      throw malformed("uses \\\(Character(Unicode.Scalar(other))), which is not supported")
    default: return .init(members: [letter])
    }
  }

  /// What stands after `[`, and its `]`.
  private mutating func characterClass() throws(ModulePattern.Malformed)
    -> ModulePattern
    .CharacterClass
  {
    let isNegated = take("^")
    var members: Set<UInt8> = []
    var isFirst = true
    while let byte = next, byte != UInt8(ascii: "]") || isFirst {
      isFirst = false
      let low = try classMember()
      // A dash that is last stands for itself.
      let isRange =
        next == UInt8(ascii: "-") && cursor + 1 < text.count
        && text[cursor + 1] != UInt8(ascii: "]")
      guard isRange else {
        members.formUnion(low.isNegated ? Set(0...127).subtracting(low.members) : low.members)
        continue
      }
      cursor += 1
      let high = try classMember()
      guard low.members.count == 1, high.members.count == 1, let from = low.members.first,
        let to = high.members.first, from <= to, !low.isNegated, !high.isNegated
      else { throw malformed("has a bad range of characters") }
      members.formUnion(from...to)
    }
    guard take("]") else { throw malformed("has an unbalanced bracket") }
    return .init(members: members, isNegated: isNegated)
  }

  private mutating func classMember() throws(ModulePattern.Malformed)
    -> ModulePattern
    .CharacterClass
  {
    guard let byte = next else { throw malformed("has an unbalanced bracket") }
    cursor += 1
    guard byte == UInt8(ascii: "\\") else { return .init(members: [byte]) }
    guard let letter = next else { throw malformed("ends in a backslash") }
    cursor += 1
    return try escapedCharacters(letter)
  }

  /// `node` with the quantifier that follows it, if any. Whether it is lazy does not matter for
  /// whether there is a match.
  private mutating func quantified(_ node: Node) throws(ModulePattern.Malformed) -> Node {
    guard let counts = try quantifier() else { return node }
    _ = take("?")
    if next == UInt8(ascii: "+") { throw malformed("has a possessive quantifier") }
    if next == UInt8(ascii: "*") || next == UInt8(ascii: "?") {
      throw malformed("repeats a repetition")
    }
    return .repeated(node, counts)
  }

  private mutating func quantifier() throws(ModulePattern.Malformed) -> ClosedRange<Int>? {
    if take("*") { return 0...Int.max }
    if take("+") { return 1...Int.max }
    if take("?") { return 0...1 }
    // A brace that begins no count stands for itself.
    guard next == UInt8(ascii: "{") else { return nil }
    let comma = UInt8(ascii: ",")
    let rest = text[(cursor + 1)...]
    let end = rest.firstIndex { !ModulePattern.CharacterClass.digit.contains($0) && $0 != comma }
    guard let end, text[end] == UInt8(ascii: "}") else { return nil }
    let parts = text[cursor + 1..<end].split(
      separator: comma, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 || !parts[0].isEmpty else { return nil }
    let numbers = parts.map { $0.isEmpty ? nil : Int(String(decoding: $0, as: UTF8.self)) }
    let low = parts[0].isEmpty ? 0 : numbers[0]
    let high = parts.count == 1 ? low : (parts[1].isEmpty ? Int.max : numbers[1])
    guard let low, let high, low <= high else { throw malformed("has a bad count") }
    cursor = end + 1
    return low...high
  }
}
