import Primitives

/// A tokenizer as a Hugging Face folder's `tokenizer.json` has it.
enum JSONTokens {
  /// Llama 3's takes 9 MB, Gemma's 33.
  private static let mostBytes = 1 << 26

  /// - Parameter config: the members of `tokenizer_config.json`, where there is one.
  /// - Throws: `PitwallError` (noInput, data).
  static func definition(file path: String, config: JSONValue?) throws -> TokenizerDefinition {
    let json = try JSONParser.parse(file: path, limit: mostBytes)
    func broken(_ why: String) -> PitwallError { .data(path, why) }
    guard let model = json["model"], model["type"]?.string ?? "BPE" == "BPE",
      let vocabulary = model["vocab"]?.object, let merges = model["merges"]?.array
    else { throw broken("no byte-level BPE: its vocab or merges are missing") }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      guard model[key]?.string ?? "" == "" else { throw broken("\(key) is not supported") }
    }
    guard model["byte_fallback"]?.boolean != true, model["dropout"] == nil else {
      throw broken("byte_fallback and dropout are not supported")
    }
    // Members of an object are unordered; of two tokens with the same bytes the lower counts.
    let tokens = try vocabulary.map { text, token in
      guard let token = token.integer else { throw broken("a token that is not a whole number") }
      return (text: text, token: token)
    }
    var definition = TokenizerDefinition(path: path, tokens: tokens.count)
    for (text, token) in tokens.sorted(by: { $0.token < $1.token }) {
      try definition.add(text, token)
    }
    for merge in merges { try add(merge, to: &definition) }
    for token in json["added_tokens"]?.array ?? [] { try addAdded(token, to: &definition) }
    if let unknown = model["unk_token"]?.string {
      definition.unknownToken = vocabulary[unknown]?.integer.flatMap(Int32.init(exactly:))
    }
    definition.takesWholePieces = model["ignore_merges"]?.boolean ?? false
    definition.normalizes = try normalizes(json["normalizer"], path)
    definition.splitter = try splitter(json["pre_tokenizer"], path)
    definition.beginToken = try beginToken(json["post_processor"], path)
    definition.chatTemplate = config?["chat_template"]?.string
    return definition
  }

  private static func add(_ merge: JSONValue, to definition: inout TokenizerDefinition) throws {
    if let text = merge.string { return try definition.addMerge(text) }
    guard let halves = merge.array?.compactMap(\.string), halves.count == 2 else {
      throw PitwallError.data(definition.path, "merges: expected pairs of tokens")
    }
    try definition.addMerge(halves[0][...], halves[1][...])
  }

  private static func addAdded(_ token: JSONValue, to definition: inout TokenizerDefinition) throws
  {
    guard let id = token["id"]?.integer, let content = token["content"]?.string else {
      throw PitwallError.data(definition.path, "added_tokens: id or content is missing")
    }
    for key in ["single_word", "lstrip", "rstrip"] where token[key]?.boolean == true {
      throw PitwallError.data(definition.path, "added token \(id): \(key) is not supported")
    }
    try definition.addSpecial(content, id)
  }

  private static func normalizes(_ normalizer: JSONValue?, _ path: String) throws -> Bool {
    guard let normalizer else { return false }
    let type = normalizer["type"]?.string ?? "?"
    guard type == "NFC" else {
      throw PitwallError.data(path, "normalizer \"\(type)\" is not supported, only NFC")
    }
    return true
  }

  private static func splitter(_ value: JSONValue?, _ path: String) throws -> TextSplitter {
    guard let value else { throw PitwallError.data(path, "pre_tokenizer is missing") }
    let steps = value["type"]?.string == "Sequence" ? value["pretokenizers"]?.array ?? [] : [value]
    func isByteLevel(_ step: JSONValue, useRegex: Bool) -> Bool {
      step["type"]?.string == "ByteLevel" && step["add_prefix_space"]?.boolean != true
        && step["use_regex"]?.boolean ?? true == useRegex
    }
    let first = steps.first
    switch (first?["type"]?.string, steps.count) {
    case ("ByteLevel", 1) where isByteLevel(steps[0], useRegex: true): return .gpt2
    case ("Digits", 2)
    where first?["individual_digits"]?.boolean == true && isByteLevel(steps[1], useRegex: true):
      return .smolLM
    case ("Split", 2)
    where first?["behavior"]?.string == "Isolated" && first?["invert"]?.boolean != true
      && isByteLevel(steps[1], useRegex: false):
      if let pattern = first?["pattern"]?["Regex"]?.string {
        if pattern == llama3Pattern(digits: #"\p{N}{1,3}"#) { return .llama3(digits: 3) }
        if pattern == llama3Pattern(digits: #"\p{N}"#) { return .llama3(digits: 1) }
      }
    default: break
    }
    throw PitwallError.data(
      path, "this pre_tokenizer is not supported, only those of GPT-2, SmolLM2, Llama 3 and Qwen2")
  }

  private static func llama3Pattern(digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// The token that a template processor puts before a single text.
  private static func beginToken(_ value: JSONValue?, _ path: String) throws -> Int32? {
    guard let value else { return nil }
    let steps = value["type"]?.string == "Sequence" ? value["processors"]?.array ?? [] : [value]
    for step in steps where step["type"]?.string == "TemplateProcessing" {
      guard let id = step["single"]?.array?.first?["SpecialToken"]?["id"]?.string else { continue }
      let ids = step["special_tokens"]?[id]?["ids"]?.array?.compactMap(\.integer) ?? []
      guard ids.count == 1, let token = Int32(exactly: ids[0]) else {
        throw PitwallError.data(path, "post_processor: expected one token for \(id)")
      }
      return token
    }
    return nil
  }
}
