import Foundation
import Primitives

/// Text to tokens and back: byte-level byte-pair encoding, as GPT-2, SmolLM2, Llama 3 and Qwen2
/// have it.
public struct Tokenizer: Sendable {
  /// The token before every text, where the tokenizer adds one.
  public let beginToken: Int32?
  /// Number of tokens: one more than the highest.
  public var count: Int { vocabulary.count }

  private let vocabulary: Vocabulary
  private let special: SpecialTokens
  private let splitter: TextSplitter
  private let encoder: BytePairEncoder
  private let unknownToken: Int32?
  private let takesWholePieces: Bool
  private let normalizes: Bool
  private let template: ChatTemplate?
  private let path: String

  /// - Throws: `PitwallError` (data) where the definition contradicts itself.
  init(_ definition: TokenizerDefinition) throws {
    path = definition.path
    vocabulary = definition.vocabulary
    special = definition.special
    splitter = definition.splitter
    takesWholePieces = definition.takesWholePieces
    normalizes = definition.normalizes
    template = definition.chatTemplate.flatMap(ChatTemplate.init(jinja:))
    beginToken = definition.beginToken
    unknownToken = definition.unknownToken
    let bytes = (UInt8.min...UInt8.max).map { definition.vocabulary.token(of: [$0]) ?? -1 }
    guard let encoder = BytePairEncoder(byteTokens: bytes, merges: definition.merges) else {
      throw PitwallError.data(path, "a merge stands there twice")
    }
    self.encoder = encoder
    for case let token? in [beginToken, unknownToken] where !(0..<count).contains(Int(token)) {
      throw PitwallError.data(path, "there is no token \(token)")
    }
  }

  /// The tokens of a text. Special tokens that are written out in it become themselves.
  ///
  /// Takes O(n log n) time in the length of the text. A byte that the vocabulary lacks becomes the
  /// unknown token, or nothing where there is none.
  /// - Parameter addsBegin: whether ``beginToken``, where there is one, comes first.
  public func encode(_ text: String, addsBegin: Bool = true) -> [Int32] {
    var tokens: [Int32] = []
    if addsBegin, let beginToken { tokens.append(beginToken) }
    let bytes = [UInt8](text.utf8)
    var scratch = BytePairEncoder.Scratch()
    var at = 0
    while let (token, range) = special.first(in: bytes, from: at) {
      encodePlain(bytes[at..<range.lowerBound], &scratch, into: &tokens)
      tokens.append(token)
      at = range.upperBound
    }
    encodePlain(bytes[at...], &scratch, into: &tokens)
    return tokens
  }

  private func encodePlain(
    _ bytes: ArraySlice<UInt8>, _ scratch: inout BytePairEncoder.Scratch,
    into tokens: inout [Int32]
  ) {
    guard !bytes.isEmpty else { return }
    var text = String(decoding: bytes, as: UTF8.self)
    if normalizes { text = text.precomposedStringWithCanonicalMapping }
    let utf8 = normalizes ? ArraySlice(text.utf8) : bytes
    splitter.forEachPiece(of: ClassifiedText(text)) { range in
      let piece = utf8[utf8.startIndex + range.lowerBound..<utf8.startIndex + range.upperBound]
      if takesWholePieces, let token = vocabulary.token(of: piece) {
        tokens.append(token)
      } else {
        encoder.encode(piece, unknown: unknownToken, &scratch, into: &tokens)
      }
    }
  }

  /// The text of tokens. Bytes that are no UTF-8 become U+FFFD, numbers of no token nothing.
  public func decode(_ tokens: some Sequence<Int32>) -> String {
    var bytes: [UInt8] = []
    for token in tokens { bytes += self.bytes(of: token) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// For decoding token by token.
  public func streamDecoder() -> StreamDecoder { StreamDecoder(self) }

  /// The bytes that a token stands for; none for a number of no token.
  func bytes(of token: Int32) -> ArraySlice<UInt8> { vocabulary.bytes(of: token) }

  /// A conversation as text, by the model's own template.
  ///
  /// As with every such template, special tokens within a message become special tokens.
  /// - Parameter addsPrompt: whether the text ends with the beginning of the assistant's answer.
  /// - Throws: `PitwallError` (data) where the model has no template, or one that is not ChatML.
  public func chatText(_ messages: [ChatMessage], addsPrompt: Bool = true) throws -> String {
    guard let template else {
      throw PitwallError.data(path, "the model has no chat template of the kind ChatML")
    }
    return template.text(messages, addsPrompt: addsPrompt)
  }

  /// A conversation as tokens.
  /// - Throws: `PitwallError` (data) as ``chatText(_:addsPrompt:)``.
  public func chat(_ messages: [ChatMessage], addsPrompt: Bool = true) throws -> [Int32] {
    encode(try chatText(messages, addsPrompt: addsPrompt))
  }
}
