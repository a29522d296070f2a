import Primitives

/// What a tokenizer's file says, whatever its format.
struct TokenizerDefinition {
  /// A token, its bytes, and whether it is found in texts as a whole.
  struct Entry {
    let token: Int32
    let bytes: [UInt8]
    var isSpecial = false
  }

  /// For errors.
  let path: String
  var entries: [Entry] = []
  /// Pairs of token bytes in the order in which they were learned.
  var merges: [(left: [UInt8], right: [UInt8])] = []
  var splitter = TextSplitter.gpt2
  /// Whether a piece that is a token is taken as it is, without merging.
  var takesWholePieces = false
  /// Whether texts are brought into Unicode's form C first.
  var normalizes = false
  var beginToken: Int32?
  /// For bytes that have no token.
  var unknownToken: Int32?
  var chatTemplate: String?

  /// Most tokens of a vocabulary, and most bytes of one token.
  static let mostTokens: Int32 = 1 << 22
  static let mostBytes = 1 << 12
  /// Most bytes of all special tokens together.
  private static let mostSpecialBytes = 1 << 20
  private var specialBytes = 0

  init(path: String) { self.path = path }

  /// Adds a token of the vocabulary, written in GPT-2's alphabet or, failing that, as it is.
  mutating func add(_ text: String, _ token: Int) throws {
    try add(ByteAlphabet.bytes(of: text) ?? [UInt8](text.utf8), token, isSpecial: false)
  }

  /// Adds a token that is written as it is and found as a whole.
  mutating func addSpecial(_ text: String, _ token: Int) throws {
    guard !text.isEmpty else { throw PitwallError.data(path, "token \(token): it has no text") }
    specialBytes += text.utf8.count
    guard specialBytes <= TokenizerDefinition.mostSpecialBytes else {
      throw PitwallError.data(path, "the special tokens are too long together")
    }
    try add([UInt8](text.utf8), token, isSpecial: true)
  }

  private mutating func add(_ bytes: [UInt8], _ token: Int, isSpecial: Bool) throws {
    guard let token = Int32(exactly: token), (0..<TokenizerDefinition.mostTokens).contains(token)
    else { throw PitwallError.data(path, "token \(token) is not within 0..<2^22") }
    guard bytes.count <= TokenizerDefinition.mostBytes else {
      throw PitwallError.data(path, "token \(token): \(bytes.count) bytes are too many")
    }
    entries.append(Entry(token: token, bytes: bytes, isSpecial: isSpecial))
  }

  /// Adds a merge that is written as two tokens with a space between.
  mutating func addMerge(_ text: String) throws {
    let halves = text.split(separator: " ", omittingEmptySubsequences: false)
    guard halves.count == 2 else {
      throw PitwallError.data(path, "merge \"\(text)\": expected two tokens")
    }
    addMerge(String(halves[0]), String(halves[1]))
  }

  mutating func addMerge(_ left: String, _ right: String) {
    merges.append(
      (
        ByteAlphabet.bytes(of: left) ?? [UInt8](left.utf8),
        ByteAlphabet.bytes(of: right) ?? [UInt8](right.utf8)
      ))
  }
}
