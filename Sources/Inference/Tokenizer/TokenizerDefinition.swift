import Primitives

/// What a tokenizer's file says, whatever its format. First come the tokens, then the merges.
struct TokenizerDefinition {
  /// For errors.
  let path: String
  private(set) var vocabulary: Vocabulary
  private(set) var special = SpecialTokens()
  /// Pairs of tokens and what they become, in the order in which they were learned.
  private(set) var merges: [(left: Int32, right: Int32, merged: Int32)] = []
  var splitter = TextSplitter.gpt2
  /// Whether a piece that is a token is taken as it is, without merging.
  var takesWholePieces = false
  /// Whether texts are brought into Unicode's form C first.
  var normalizes = false
  var beginToken: Int32?
  /// For bytes that have no token.
  var unknownToken: Int32?
  var chatTemplate: String?

  /// Most tokens of a vocabulary, most bytes of one token and of all special ones together.
  private static let mostTokens: Int32 = 1 << 22
  private static let mostBytes = 1 << 12
  private static let mostSpecialBytes = 1 << 20

  private var room: Int
  private var specialBytes = 0
  private var scratch: [UInt8] = []

  /// - Parameters:
  ///   - path: names the file in errors.
  ///   - tokens: how many tokens will be added, special ones not counted.
  init(path: String, tokens: Int) {
    self.path = path
    room = tokens
    vocabulary = Vocabulary(capacity: tokens)
  }

  private func broken(_ why: String) -> PitwallError { .data(path, why) }

  /// Adds a token of the vocabulary, written in GPT-2's alphabet or, failing that, as it is.
  /// - Throws: `PitwallError` (data).
  mutating func add(_ text: String, _ token: Int) throws {
    guard room > 0 else { throw PitwallError.fault("more tokens than were announced") }
    room -= 1
    scratch.removeAll(keepingCapacity: true)
    ByteAlphabet.append(text[...], to: &scratch)
    vocabulary.add(scratch[...], try checked(token), isLookedUp: true)
  }

  /// Adds a token that is written as it is and found as a whole.
  /// - Throws: `PitwallError` (data).
  mutating func addSpecial(_ text: String, _ token: Int) throws {
    guard !text.isEmpty else { throw broken("token \(token): it has no text") }
    scratch = [UInt8](text.utf8)
    let token = try checked(token)
    specialBytes += scratch.count
    guard specialBytes <= TokenizerDefinition.mostSpecialBytes else {
      throw broken("the special tokens are too long together")
    }
    special.add(scratch, token)
    vocabulary.add(scratch[...], token, isLookedUp: false)
  }

  private func checked(_ token: Int) throws -> Int32 {
    guard let token = Int32(exactly: token), (0..<TokenizerDefinition.mostTokens).contains(token)
    else { throw broken("token \(token) is not within 0..<2^22") }
    guard scratch.count <= TokenizerDefinition.mostBytes else {
      throw broken("token \(token): \(scratch.count) bytes are too many")
    }
    return token
  }

  /// Adds a merge that is written as two tokens with a space between.
  /// - Throws: `PitwallError` (data) where they, or both as one, are not tokens.
  mutating func addMerge(_ text: String) throws {
    guard let cut = text.utf8.firstIndex(of: UInt8(ascii: " ")) else {
      throw broken("merge \"\(text)\": expected two tokens")
    }
    try addMerge(text[..<cut], text[text.utf8.index(after: cut)...])
  }

  mutating func addMerge(_ left: Substring, _ right: Substring) throws {
    scratch.removeAll(keepingCapacity: true)
    ByteAlphabet.append(left, to: &scratch)
    let cut = scratch.count
    ByteAlphabet.append(right, to: &scratch)
    guard let first = vocabulary.token(of: scratch[..<cut]),
      let second = vocabulary.token(of: scratch[cut...]),
      let merged = vocabulary.token(of: scratch[...])
    else { throw broken("the merge \"\(left) \(right)\" is not one of two tokens to a token") }
    merges.append((first, second, merged))
  }
}
