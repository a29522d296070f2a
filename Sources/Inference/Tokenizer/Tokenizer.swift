import Foundation
import Primitives

/// Text to tokens and back: byte-level byte-pair encoding, as GPT-2, SmolLM2, Llama 3 and Qwen2
/// have it.
public struct Tokenizer: Sendable {
  /// The token before every text, where the tokenizer adds one.
  public let beginToken: Int32?
  /// Number of tokens: one more than the highest.
  public var count: Int { ends.count - 1 }

  /// Bytes of all tokens, one after another; those of token t end at `ends[t + 1]`.
  private let tokenBytes: [UInt8]
  private let ends: [Int]
  private let special: SpecialTokens
  private let splitter: TextSplitter
  private let encoder: BytePairEncoder
  private let unknownToken: Int32?
  /// Tokens by their bytes, for tokenizers that take whole pieces; else nil.
  private let wholePieces: [[UInt8]: Int32]?
  private let normalizes: Bool
  private let template: ChatTemplate?
  private let path: String

  /// - Throws: `PitwallError` (data) where the definition contradicts itself.
  init(_ definition: TokenizerDefinition) throws {
    path = definition.path
    var tokens: [[UInt8]] = []
    var byBytes: [[UInt8]: Int32] = [:]
    var special = SpecialTokens()
    byBytes.reserveCapacity(definition.entries.count)
    for entry in definition.entries {
      let index = Int(entry.token)
      while tokens.count <= index { tokens.append([]) }
      tokens[index] = entry.bytes
      if entry.isSpecial {
        special.add(entry.bytes, entry.token)
      } else if byBytes[entry.bytes] == nil {
        byBytes[entry.bytes] = entry.token
      }
    }
    encoder = try Tokenizer.encoder(definition, byBytes)
    tokenBytes = Array(tokens.joined())
    var end = 0
    ends =
      [0]
      + tokens.map { bytes in
        end += bytes.count
        return end
      }
    self.special = special
    wholePieces = definition.takesWholePieces ? byBytes : nil
    splitter = definition.splitter
    normalizes = definition.normalizes
    template = definition.chatTemplate.flatMap(ChatTemplate.init(jinja:))
    beginToken = definition.beginToken
    unknownToken = definition.unknownToken
    for token in [beginToken, unknownToken].compactMap({ $0 })
    where !tokens.indices.contains(Int(token)) {
      throw PitwallError.data(path, "there is no token \(token)")
    }
  }

  private static func encoder(
    _ definition: TokenizerDefinition, _ byBytes: [[UInt8]: Int32]
  ) throws -> BytePairEncoder {
    let merges = try definition.merges.map { left, right in
      guard let first = byBytes[left], let second = byBytes[right],
        let merged = byBytes[left + right]
      else {
        throw PitwallError.data(
          definition.path,
          "the merge of \"\(ByteAlphabet.text(of: left))\" and "
            + "\"\(ByteAlphabet.text(of: right))\" is not one of tokens to a token")
      }
      return (first, second, merged)
    }
    let bytes = (UInt8.min...UInt8.max).map { byBytes[[$0]] ?? -1 }
    guard let encoder = BytePairEncoder(byteTokens: bytes, merges: merges) else {
      throw PitwallError.data(definition.path, "a merge stands there twice")
    }
    return encoder
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
      if let token = wholePieces?[Array(piece)] {
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
  func bytes(of token: Int32) -> ArraySlice<UInt8> {
    guard token >= 0, Int(token) < count else { return [] }
    return tokenBytes[ends[Int(token)]..<ends[Int(token) + 1]]
  }

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
