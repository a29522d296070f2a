/// Tokens that are found in a text as a whole, before anything else looks at it: the longest that
/// fits at the first place where one does.
struct SpecialTokens: Sendable {
  /// A trie over bytes: the node after (node, byte).
  private var steps: [UInt64: UInt32] = [:]
  /// The token that ends at each node; -1 for none.
  private var ends: [Int32] = [-1]
  /// Whether a token begins with each byte.
  private var begins = [Bool](repeating: false, count: 256)

  /// Adds a token, which replaces one of the same bytes.
  mutating func add(_ bytes: [UInt8], _ token: Int32) {
    guard let first = bytes.first else { return }
    begins[Int(first)] = true
    var node: UInt32 = 0
    for byte in bytes {
      let step = SpecialTokens.step(node, byte)
      if let next = steps[step] {
        node = next
      } else {
        node = UInt32(ends.count)
        steps[step] = node
        ends.append(-1)
      }
    }
    ends[Int(node)] = token
  }

  private static func step(_ node: UInt32, _ byte: UInt8) -> UInt64 {
    UInt64(node) << 8 | UInt64(byte)
  }

  /// The first token in `text` at or after `start`.
  func first(in text: [UInt8], from start: Int) -> (token: Int32, range: Range<Int>)? {
    for at in start..<text.count where begins[Int(text[at])] {
      if let (token, end) = longest(in: text, at: at) { return (token, at..<end) }
    }
    return nil
  }

  private func longest(in text: [UInt8], at start: Int) -> (Int32, Int)? {
    var found: (Int32, Int)?
    var node: UInt32 = 0
    for at in start..<text.count {
      guard let next = steps[SpecialTokens.step(node, text[at])] else { break }
      node = next
      if ends[Int(node)] >= 0 { found = (ends[Int(node)], at + 1) }
    }
    return found
  }
}
