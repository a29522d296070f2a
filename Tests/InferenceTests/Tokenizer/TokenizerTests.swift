import Primitives
import Testing

@testable import Inference

struct TokenizerTests {
  private struct Model: Decodable {
    struct Case: Decodable {
      let text: String
      let ids: [Int32]
    }
    let cases: [Case]
  }

  @Test(arguments: ["tiny-tied", "tiny-untied", "tiny-rope3"])
  func encodesAsTheReference(model: String) throws {
    let tokenizer = try Checkpoint.open(Fixtures.path("tiny/\(model)")).tokenizer()
    for expected in try Fixtures.json("\(model).json", as: Model.self).cases {
      #expect(tokenizer.encode(expected.text) == expected.ids)
      #expect(tokenizer.decode(expected.ids) == expected.text)
    }
  }

  @Test func ggufHasTheTokenizerOfItsFolder() throws {
    let folder = try Tokenizer.open(Fixtures.path("tiny/tiny-tied"))
    let gguf = try Tokenizer.open(Fixtures.path("tiny/gguf/tiny-tied-q4_0.gguf"))
    #expect(folder.count == 512 && gguf.count == 512)
    var random = RandomStream(seed: 3, purpose: "texts")
    for _ in 0..<200 {
      let text = randomText(&random)
      #expect(folder.encode(text) == gguf.encode(text))
    }
  }

  /// Whatever the text, decoding gives it back, at once and token by token.
  @Test(arguments: ["tiny-tied", "tiny-untied"])
  func decodingInvertsEncoding(model: String) throws {
    let tokenizer = try Tokenizer.open(Fixtures.path("tiny/\(model)"))
    var random = RandomStream(seed: 4, purpose: "texts")
    for _ in 0..<300 {
      let text = randomText(&random)
      let tokens = tokenizer.encode(text)
      #expect(tokenizer.decode(tokens) == text)
      #expect(streamed(tokens, tokenizer) == text)
    }
  }

  @Test func streamingArbitraryTokensIsDecodingThem() throws {
    let tokenizer = try Tokenizer.open(Fixtures.path("tiny/tiny-tied"))
    var random = RandomStream(seed: 5, purpose: "tokens")
    for _ in 0..<500 {
      let tokens = (0..<random.index(below: 20)).map { _ in
        Int32(random.index(below: tokenizer.count + 10)) - 5
      }
      #expect(streamed(tokens, tokenizer) == tokenizer.decode(tokens))
    }
  }

  private func streamed(_ tokens: [Int32], _ tokenizer: Tokenizer) -> String {
    var decoder = tokenizer.streamDecoder()
    return tokens.map { decoder.text(after: $0) }.joined() + decoder.finish()
  }

  private func randomText(_ random: inout RandomStream) -> String {
    let parts = [
      "a", "The", " ", "  ", "\n", "\r\n", "\t", "1", "23", "'s", "'", "!", "é", "ß", "中文", "🚀",
      "👩‍🚀",
      "<|im_start|>", "<|im_", "end|>", "\u{a0}", "٣", "e\u{301}", "\u{0}", "½",
    ]
    return (0..<random.index(below: 30)).map { _ in parts[random.index(below: parts.count)] }
      .joined()
  }

  /// Against the plain algorithm: merge, over all neighbours, the pair that was learned first.
  @Test func mergesAsThePlainAlgorithm() throws {
    var random = RandomStream(seed: 6, purpose: "merges")
    for _ in 0..<50 {
      // Tokens 0...3 are the bytes a...d; each merge makes a new one of two that exist.
      var merges: [(left: Int32, right: Int32, merged: Int32)] = []
      for merged in Int32(4)..<40 {
        let pair = (
          Int32(random.index(below: Int(merged))), Int32(random.index(below: Int(merged)))
        )
        if !merges.contains(where: { ($0.left, $0.right) == pair }) {
          merges.append((pair.0, pair.1, merged))
        }
      }
      var bytes = [Int32](repeating: -1, count: 256)
      for byte in 0..<4 { bytes[97 + byte] = Int32(byte) }
      let encoder = try #require(BytePairEncoder(byteTokens: bytes, merges: merges))
      let text = (0..<60).map { _ in UInt8(97 + random.index(below: 4)) }
      var scratch = BytePairEncoder.Scratch()
      var tokens: [Int32] = []
      encoder.encode(text[...], unknown: nil, &scratch, into: &tokens)
      #expect(tokens == plain(text.map { Int32($0) - 97 }, merges))
    }
  }

  private func plain(
    _ tokens: [Int32], _ merges: [(left: Int32, right: Int32, merged: Int32)]
  ) -> [Int32] {
    var tokens = tokens
    while true {
      let ranks = zip(tokens, tokens.dropFirst()).enumerated().compactMap { at, pair in
        merges.firstIndex { ($0.left, $0.right) == pair }.map { (rank: $0, at: at) }
      }
      guard let best = ranks.min(by: { $0 < $1 }) else { return tokens }
      tokens.replaceSubrange(best.at...best.at + 1, with: [merges[best.rank].merged])
    }
  }

  @Test func longPiecesTakeLittleTime() throws {
    let tokenizer = try Tokenizer.open(Fixtures.path("tiny/tiny-tied"))
    let start = ContinuousClock.now
    for text in [String(repeating: "a", count: 200_000), String(repeating: "<|im_", count: 40_000)]
    {
      #expect(tokenizer.decode(tokenizer.encode(text)) == text)
    }
    // A quadratic algorithm would take minutes.
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func chatsInChatML() throws {
    let tokenizer = try Tokenizer.open(Fixtures.path("tiny/tiny-tied"))
    let text = try tokenizer.chatText([ChatMessage(role: "user", content: "Hi")])
    #expect(text == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
    #expect(ChatTemplate(jinja: "{{ bos_token }}[INST]{{ message }}[/INST]") == nil)
    let template = ChatTemplate(jinja: #"{{ '<|im_start|>system\nBe kind.<|im_end|>\n' }}"#)
    #expect(template?.defaultSystem == "Be kind.")
  }
}

/// The real model's tokenizer, where it has been fetched (`pitwall model fetch smollm2`).
@Suite(.enabled(if: Fixtures.smolLM2 != nil, "SmolLM2 has not been fetched"))
struct SmolLM2TokenizerTests {
  private struct Cases: Decodable {
    struct Case: Decodable {
      let text: String
      let ids: [Int32]
      let decoded: String
    }
    struct Chat: Decodable {
      struct Message: Decodable { let role, content: String }
      let messages: [Message]
      let add_generation_prompt: Bool
      let text: String
      let ids: [Int32]
    }
    struct Partial: Decodable {
      let ids: [Int32]
      let decoded: String
    }
    let cases: [Case]
    let chats: [Chat]
    let partial_decodes: [Partial]
  }

  @Test func agreesWithTheReferenceEverywhere() throws {
    let path = try #require(Fixtures.smolLM2)
    let tokenizer = try Tokenizer.open(path)
    let fixture = try Fixtures.json("smollm2-tokens.json", as: Cases.self)
    #expect(fixture.cases.count + fixture.chats.count == 268)
    for expected in fixture.cases {
      #expect(tokenizer.encode(expected.text) == expected.ids)
      #expect(tokenizer.decode(expected.ids) == expected.decoded)
    }
    for chat in fixture.chats {
      let messages = chat.messages.map { ChatMessage(role: $0.role, content: $0.content) }
      let adds = chat.add_generation_prompt
      #expect(try tokenizer.chatText(messages, addsPrompt: adds) == chat.text)
      #expect(try tokenizer.chat(messages, addsPrompt: adds) == chat.ids)
    }
    for partial in fixture.partial_decodes {
      #expect(tokenizer.decode(partial.ids) == partial.decoded)
    }
  }
}
