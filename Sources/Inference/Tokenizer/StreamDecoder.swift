/// Turns tokens into text as they come. A character that is split over tokens waits for its end.
public struct StreamDecoder: Sendable {
  private let tokenizer: Tokenizer
  /// The beginning of a character that is not complete yet: at most three bytes.
  private var pending: [UInt8] = []

  init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

  /// The text that a token completes; may be empty. Bytes that are no UTF-8 become U+FFFD.
  public mutating func text(after token: Int32) -> String {
    pending += tokenizer.bytes(of: token)
    let complete = pending.count - StreamDecoder.incompleteTail(pending)
    defer { pending.removeFirst(complete) }
    return String(decoding: pending[..<complete], as: UTF8.self)
  }

  /// What is left when no more tokens come: nothing, or U+FFFD for a character without its end.
  public mutating func finish() -> String {
    defer { pending.removeAll() }
    return String(decoding: pending, as: UTF8.self)
  }

  /// How many of the last bytes begin a character that more bytes could complete.
  static func incompleteTail(_ bytes: [UInt8]) -> Int {
    for back in 1...3 where back <= bytes.count {
      let width =
        switch bytes[bytes.count - back] {
        case 0xc2...0xdf: 2
        case 0xe0...0xef: 3
        case 0xf0...0xf4: 4
        case 0x80...0xbf: 0
        default: 1
        }
      // Continuation bytes say nothing; their leading byte lies before them.
      if width > 0 { return width > back ? back : 0 }
    }
    return 0
  }
}
