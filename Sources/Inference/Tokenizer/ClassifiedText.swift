/// A text as the classes of its characters that splitting looks at.
struct ClassifiedText {
  /// Classes of Unicode scalars; disjoint.
  enum Class: UInt8 {
    case letter
    case number
    /// U+0020 itself.
    case space
    /// Carriage return and line feed.
    case newline
    case otherWhite
    case other

    var isWhite: Bool { self == .space || self == .newline || self == .otherWhite }

    init(_ scalar: Unicode.Scalar) {
      switch scalar {
      case "a"..."z", "A"..."Z": self = .letter
      case "0"..."9": self = .number
      case " ": self = .space
      case "\r", "\n": self = .newline
      case "\u{21}"..."\u{7e}": self = .other
      default: self = Class(byProperties: scalar)
      }
    }

    private init(byProperties scalar: Unicode.Scalar) {
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
        self = .letter
      case .decimalNumber, .letterNumber, .otherNumber: self = .number
      default: self = scalar.properties.isWhitespace ? .otherWhite : .other
      }
    }
  }

  private let scalars: [Unicode.Scalar]
  private let classes: [Class]
  /// Where each scalar begins in UTF-8, and the end.
  private let offsets: [Int]

  init(_ text: String) {
    scalars = Array(text.unicodeScalars)
    classes = scalars.map(Class.init)
    var offset = 0
    offsets =
      [0]
      + scalars.map { scalar in
        offset += UTF8.width(scalar)
        return offset
      }
  }

  /// Number of scalars.
  var count: Int { scalars.count }

  func byteOffset(_ scalar: Int) -> Int { offsets[scalar] }

  func `class`(_ at: Int) -> Class { classes[at] }

  /// The end of the run of scalars from `at` on whose class fits.
  private func run(_ at: Int, _ limit: Int, while fits: (Class) -> Bool) -> Int {
    var end = at
    while end < limit, fits(classes[end]) { end += 1 }
    return end
  }

  /// Where the next number is, at or after `at`; the end of the text if there is none.
  func nextNumber(_ at: Int) -> Int { run(at, count) { $0 != .number } }

  /// The end of the piece that begins at `at`, in a text that ends at `limit`, by GPT-2's rules.
  func gpt2End(_ at: Int, limit: Int) -> Int {
    if let end = contractionEnd(at, limit, ignoringCase: false) { return end }
    // The three kinds of words may take a space before them.
    let first = classes[at] == .space && at + 1 < limit ? at + 1 : at
    switch classes[first] {
    case .letter, .number, .other:
      let kind = classes[first]
      return run(first, limit) { $0 == kind }
    case .space, .newline, .otherWhite: return whiteEnd(at, limit)
    }
  }

  /// `\s+(?!\S)|\s+`: white space leaves its last character to the word that follows.
  private func whiteEnd(_ at: Int, _ limit: Int) -> Int {
    let end = run(at, limit, while: \.isWhite)
    return end == limit || end == at + 1 ? end : end - 1
  }

  /// The end of the piece that begins at `at` by Llama 3's rules.
  func llama3End(_ at: Int, digits: Int) -> Int {
    if let end = contractionEnd(at, count, ignoringCase: true) { return end }
    let first = classes[at]
    let second = at + 1 < count ? classes[at + 1] : nil
    if first == .letter { return run(at, count) { $0 == .letter } }
    if first == .number { return run(at, min(count, at + digits)) { $0 == .number } }
    if first != .newline, second == .letter { return run(at + 1, count) { $0 == .letter } }
    if first == .other || (first == .space && second == .other) {
      let end = run(at + 1, count) { $0 == .other }
      return run(end, count) { $0 == .newline }
    }
    // White space up to its last line end, if it has one.
    let end = run(at, count, while: \.isWhite)
    if let last = classes[at..<end].lastIndex(of: .newline) { return last + 1 }
    return whiteEnd(at, count)
  }

  /// The end of an English contraction's second half that begins at `at`.
  private func contractionEnd(_ at: Int, _ limit: Int, ignoringCase: Bool) -> Int? {
    guard scalars[at] == "'" else { return nil }
    func letter(_ place: Int) -> Unicode.Scalar? {
      guard place < limit else { return nil }
      return ignoringCase ? folded(scalars[place]) : scalars[place]
    }
    switch (letter(at + 1), letter(at + 2)) {
    case ("s", _), ("t", _), ("m", _), ("d", _): return at + 2
    case ("r", "e"), ("v", "e"), ("l", "l"): return at + 3
    default: return nil
    }
  }

  /// The letter that a scalar is when case is ignored, as far as contractions have it.
  private func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    switch scalar {
    case "A"..."Z": Unicode.Scalar(UInt8(ascii: scalar) | 0x20)
    // The long s.
    case "\u{17f}": "s"
    default: scalar
    }
  }
}
