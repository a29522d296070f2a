/// Cuts a text into pieces, within which pairs are merged: what the regular expressions of
/// tokenizers do, written as a scanner so that it takes time in proportion to the text.
enum TextSplitter: Sendable, Equatable {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  case gpt2
  /// Each number character alone, then GPT-2's expression on what lies between them.
  case smolLM
  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|`
  /// ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`, with so many digits at most.
  case llama3(digits: Int)

  /// Calls `body` with the byte range of each piece, in order; together they are the whole text.
  func forEachPiece(of text: ClassifiedText, _ body: (Range<Int>) -> Void) {
    var at = 0
    var limit = 0
    while at < text.count {
      if at == limit { limit = segmentEnd(text, at) }
      let end = pieceEnd(text, at, limit)
      body(text.byteOffset(at)..<text.byteOffset(end))
      at = end
    }
  }

  /// The end of the part, beginning at `at`, that the expression sees as a text of its own.
  private func segmentEnd(_ text: ClassifiedText, _ at: Int) -> Int {
    guard self == .smolLM else { return text.count }
    return text.class(at) == .number ? at + 1 : text.nextNumber(at)
  }

  private func pieceEnd(_ text: ClassifiedText, _ at: Int, _ limit: Int) -> Int {
    switch self {
    case .gpt2, .smolLM: text.gpt2End(at, limit: limit)
    case .llama3(let digits): text.llama3End(at, digits: digits)
    }
  }
}
