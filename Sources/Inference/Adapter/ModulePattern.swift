import Primitives

/// A regular expression of Python's `re`, as adapter configurations hold them, matched against the
/// name of a module.
///
/// Matching follows the set of all places that a part of the pattern can have reached, so it takes
/// polynomial time where backtracking would take exponential, and a budget of steps, which all
/// patterns of an adapter share, bounds even that. What depends on the order in which a backtracking
/// matcher tries (back references, possessive quantifiers) is refused, as are flags and lookbehind.
struct ModulePattern: Sendable {
  indirect enum Node: Sendable {
    case characters(CharacterClass)
    case sequence([Node])
    case choice([Node])
    case repeated(Node, ClosedRange<Int>)
    /// Something that must follow here, or must not.
    case lookahead(Node, negated: Bool)
    case start, end
    case wordBoundary(negated: Bool)
  }

  /// A set of ASCII characters.
  struct CharacterClass: Sendable {
    var members: Set<UInt8>
    var isNegated = false

    func contains(_ byte: UInt8) -> Bool { members.contains(byte) != isNegated }
  }

  private let root: Node
  /// The key of the configuration that it stands under.
  private let key: String

  /// - Throws: ``Malformed`` where Python would not take it either, or where it needs what is
  ///   refused.
  init(_ text: String, under key: String) throws(Malformed) {
    var parser = ModulePatternParser(text, under: key)
    root = try parser.pattern()
    self.key = key
  }

  /// A pattern that cannot be used.
  struct Malformed: Error {
    /// The key of the configuration that it stands under.
    let key: String
    let why: String
  }

  /// Steps that an adapter's patterns may take together: enough for a rank and an alpha of its own for
  /// each matrix of the largest published models, and a second or two of work.
  static let mostSteps = 100_000_000

  /// Python's `re.fullmatch`.
  /// - Parameter steps: those that are left; what matching takes is taken off.
  func matchesWhole(_ name: String, steps: inout Int) throws(Malformed) -> Bool {
    var matcher = try Matcher(name, under: key, steps: steps)
    defer { steps = matcher.steps }
    return try matcher.ends(of: root, from: 1) & matcher.last != 0
  }

  /// Python's `re.match`: what follows the match does not matter.
  /// - Parameter steps: those that are left; what matching takes is taken off.
  func matchesBeginning(of name: String, steps: inout Int) throws(Malformed) -> Bool {
    var matcher = try Matcher(name, under: key, steps: steps)
    defer { steps = matcher.steps }
    return try matcher.ends(of: root, from: 1) != 0
  }
}

/// Walks a pattern over one text. A set of places is a bit mask: bit i is before the i-th byte.
private struct Matcher {
  private let text: [UInt8]
  private let key: String
  /// Those that are left: a node takes one for each place at which it is tried.
  private(set) var steps: Int
  /// The set of the end alone.
  let last: UInt64

  init(_ name: String, under key: String, steps: Int) throws(ModulePattern.Malformed) {
    self.key = key
    self.steps = steps
    text = Array(name.utf8)
    guard text.count < 64 else {
      throw ModulePattern.Malformed(key: key, why: "meets \(name), which is too long a name")
    }
    last = 1 << UInt64(text.count)
  }

  /// Places at which `node` can end that begins at one of `starts`.
  mutating func ends(
    of node: ModulePattern.Node, from starts: UInt64
  ) throws(ModulePattern.Malformed) -> UInt64 {
    guard starts != 0 else { return 0 }
    steps -= starts.nonzeroBitCount
    guard steps > 0 else {
      throw ModulePattern.Malformed(key: key, why: "takes too long to match")
    }
    switch node {
    case .characters(let members):
      return places(in: starts & ~last) { members.contains(text[$0]) } << 1
    case .sequence(let parts):
      var reached = starts
      for part in parts { reached = try ends(of: part, from: reached) }
      return reached
    case .choice(let branches):
      var reached: UInt64 = 0
      for branch in branches { reached |= try ends(of: branch, from: starts) }
      return reached
    case .repeated(let part, let counts):
      return try ends(of: part, times: counts, from: starts)
    case .lookahead(let part, let negated):
      var kept: UInt64 = 0
      var rest = starts
      while rest != 0 {
        let place = rest & ~(rest - 1)
        rest ^= place
        if try (ends(of: part, from: place) != 0) != negated { kept |= place }
      }
      return kept
    case .start: return starts & 1
    case .end: return starts & last
    case .wordBoundary(let negated):
      return places(in: starts) { (isWord($0 - 1) != isWord($0)) != negated }
    }
  }

  /// A part moves forward or stays, so after as many turns as there are places nothing changes.
  private mutating func ends(
    of part: ModulePattern.Node, times counts: ClosedRange<Int>, from starts: UInt64
  ) throws(ModulePattern.Malformed) -> UInt64 {
    var reached = starts
    for _ in 0..<min(counts.lowerBound, text.count + 1) {
      reached = try ends(of: part, from: reached)
    }
    var all = reached
    for _ in 0..<min(counts.upperBound - counts.lowerBound, text.count + 1) where reached != 0 {
      reached = try ends(of: part, from: reached) & ~all
      all |= reached
    }
    return all
  }

  private func places(in set: UInt64, where holds: (Int) -> Bool) -> UInt64 {
    var kept: UInt64 = 0
    var rest = set
    while rest != 0 {
      let place = rest.trailingZeroBitCount
      rest &= rest - 1
      if holds(place) { kept |= 1 << UInt64(place) }
    }
    return kept
  }

  private func isWord(_ place: Int) -> Bool {
    text.indices.contains(place) && ModulePattern.CharacterClass.word.contains(text[place])
  }
}

extension ModulePattern.CharacterClass {
  static let word = Self(
    members: Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_".utf8))
  static let digit = Self(members: Set("0123456789".utf8))
  static let space = Self(members: Set(" \t\n\r\u{b}\u{c}".utf8))
  static let notNewline = Self(members: [UInt8(ascii: "\n")], isNegated: true)

  /// The class that a letter after a backslash names, such as `d`.
  static func escaped(_ letter: UInt8) -> Self? {
    let lower = letter | 0x20
    let named: Self? =
      switch lower {
      case UInt8(ascii: "d"): digit
      case UInt8(ascii: "w"): word
      case UInt8(ascii: "s"): space
      default: nil
      }
    guard var named else { return nil }
    named.isNegated = letter != lower
    return named
  }
}
