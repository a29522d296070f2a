import Primitives

/// A regular expression of Python's `re`, as adapter configurations hold them, matched against the
/// name of a module.
///
/// Matching follows the set of all places that a part of the pattern can have reached, so it takes
/// polynomial time where backtracking would take exponential, and a budget bounds even that. What
/// depends on the order in which a backtracking matcher tries (back references, possessive
/// quantifiers) is refused, as are flags and lookbehind.
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

  /// - Throws: ``Malformed`` where Python would not take it either, or where it needs what is
  ///   refused.
  init(_ text: String) throws(Malformed) {
    var parser = ModulePatternParser(text)
    root = try parser.pattern()
  }

  /// Why a pattern cannot be used.
  struct Malformed: Error {
    let why: String
  }

  /// Python's `re.fullmatch`.
  func matchesWhole(_ name: String) throws(Malformed) -> Bool {
    var matcher = try Matcher(name)
    return try matcher.ends(of: root, from: 1) & matcher.last != 0
  }

  /// Python's `re.match`: what follows the match does not matter.
  func matchesBeginning(of name: String) throws(Malformed) -> Bool {
    var matcher = try Matcher(name)
    return try matcher.ends(of: root, from: 1) != 0
  }
}

/// Walks a pattern over one text. A set of places is a bit mask: bit i is before the i-th byte.
private struct Matcher {
  private let text: [UInt8]
  private var steps = 0
  /// The set of the end alone.
  let last: UInt64

  private static let mostSteps = 200_000

  init(_ name: String) throws(ModulePattern.Malformed) {
    text = Array(name.utf8)
    guard text.count < 64 else { throw ModulePattern.Malformed(why: "\(name) is too long a name") }
    last = 1 << UInt64(text.count)
  }

  /// Places at which `node` can end that begins at one of `starts`.
  mutating func ends(
    of node: ModulePattern.Node, from starts: UInt64
  ) throws(ModulePattern.Malformed) -> UInt64 {
    guard starts != 0 else { return 0 }
    steps += 1
    guard steps < Matcher.mostSteps else {
      throw ModulePattern.Malformed(why: "takes too long to match")
    }
    switch node {
    case .characters(let members):
      return places(in: starts) { $0 < text.count && members.contains(text[$0]) } << 1
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
      for place in 0...text.count where starts & 1 << UInt64(place) != 0 {
        let found = try ends(of: part, from: 1 << UInt64(place)) != 0
        if found != negated { kept |= 1 << UInt64(place) }
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
    for place in 0...text.count where set & 1 << UInt64(place) != 0 && holds(place) {
      kept |= 1 << UInt64(place)
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
