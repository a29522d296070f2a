import Primitives

/// A byte-level tokenizer whose merges are drawn at random: letters to syllables, with or without a
/// space before them.
struct RandomTokenizer {
  /// The fewest tokens: the special ones and a token for each byte.
  static let leastSize = 3 + 256

  private static let special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
  private static let mostLetters = 8

  private var tokens: [String]
  private var merges: [(String, String)] = []

  /// - Parameter size: tokens of the model; the tokenizer may have fewer.
  init(size: Int, seed: UInt64) {
    tokens = RandomTokenizer.special + ByteAlphabet.scalars.map { String($0) }
    var random = RandomStream(seed: seed, purpose: "merges")
    var known = Set(tokens)
    var rights = "abcdefghijklmnopqrstuvwxyz".map(String.init)
    var lefts = rights + [ByteAlphabet.text(of: [UInt8(ascii: " ")])]
    // Some draws give what is there already, so that a limit is needed.
    for _ in 0..<max(0, 4 * (size - tokens.count)) where tokens.count < size {
      let left = lefts[random.index(below: lefts.count)]
      let right = rights[random.index(below: rights.count)]
      let merged = left + right
      guard merged.count <= RandomTokenizer.mostLetters, known.insert(merged).inserted else {
        continue
      }
      merges.append((left, right))
      tokens.append(merged)
      lefts.append(merged)
      if merged.allSatisfy(\.isASCII) { rights.append(merged) }
    }
  }

  /// `tokenizer.json`.
  var text: String {
    let vocabulary = Dictionary(
      uniqueKeysWithValues: tokens.enumerated().map { ($1, JSONValue.integer($0)) })
    let added = RandomTokenizer.special.enumerated().map { token, text in
      JSONValue.object([
        "id": .integer(token), "content": .string(text), "special": .boolean(true),
        "single_word": .boolean(false), "lstrip": .boolean(false), "rstrip": .boolean(false),
        "normalized": .boolean(false),
      ])
    }
    let byteLevel: [String: JSONValue] = [
      "type": .string("ByteLevel"), "add_prefix_space": .boolean(false),
      "trim_offsets": .boolean(true), "use_regex": .boolean(true),
    ]
    let digits: [String: JSONValue] = [
      "type": .string("Digits"), "individual_digits": .boolean(true),
    ]
    return JSONText.compact(
      .object([
        "version": .string("1.0"), "added_tokens": .array(added),
        "pre_tokenizer": .object([
          "type": .string("Sequence"),
          "pretokenizers": .array([.object(digits), .object(byteLevel)]),
        ]),
        "decoder": .object(byteLevel),
        "model": .object([
          "type": .string("BPE"), "vocab": .object(vocabulary),
          "merges": .array(merges.map { .array([.string($0), .string($1)]) }),
        ]),
      ]))
  }

  /// `tokenizer_config.json`, with ChatML as template.
  var configText: String {
    let template =
      "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + "
      + "message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
      + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    return JSONText.compact(
      .object([
        "tokenizer_class": .string("PreTrainedTokenizerFast"),
        "bos_token": .string("<|im_start|>"), "eos_token": .string("<|im_end|>"),
        "pad_token": .string("<|im_end|>"), "unk_token": .string("<|endoftext|>"),
        "chat_template": .string(template),
      ]))
  }
}
