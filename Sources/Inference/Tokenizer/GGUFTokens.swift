import Primitives

/// A tokenizer as a GGUF file's metadata has it.
enum GGUFTokens {
  private static let llama3Names = ["llama3", "llama-v3", "llama-bpe"]

  /// Whether texts begin with a token of their own, where the file does not say so: as llama.cpp
  /// has it for Llama 3's tokenizer.
  static func addsBegin(_ metadata: [String: GGUFValue]) -> Bool {
    metadata["tokenizer.ggml.pre"]?.string.map(llama3Names.contains) ?? false
  }

  /// - Throws: `PitwallError` (data).
  static func definition(_ file: GGUFFile) throws -> TokenizerDefinition {
    func broken(_ why: String) -> PitwallError { .data(file.path, why) }
    let metadata = file.metadata
    let model = metadata["tokenizer.ggml.model"]?.string ?? "none"
    guard model == "gpt2" else {
      throw broken("tokenizer \"\(model)\" is not supported, only gpt2 (byte-level BPE)")
    }
    guard let tokens = metadata["tokenizer.ggml.tokens"]?.strings,
      let merges = metadata["tokenizer.ggml.merges"]?.strings
    else { throw broken("tokenizer.ggml.tokens or tokenizer.ggml.merges is missing") }
    // 3 is a control token, 4 one that a user added.
    let types = metadata["tokenizer.ggml.token_type"]?.integers ?? []
    guard types.isEmpty || types.count == tokens.count else {
      throw broken("\(tokens.count) tokens have \(types.count) types")
    }
    var definition = TokenizerDefinition(path: file.path, tokens: tokens.count)
    for (token, text) in tokens.enumerated() {
      if !types.isEmpty, [3, 4].contains(types[token]) {
        try definition.addSpecial(text, token)
      } else {
        try definition.add(text, token)
      }
    }
    for merge in merges { try definition.addMerge(merge) }
    let name = metadata["tokenizer.ggml.pre"]?.string ?? "default"
    guard let splitter = splitter(name) else {
      throw broken("pre-tokenizer \"\(name)\" is not supported")
    }
    definition.splitter = splitter
    definition.takesWholePieces = llama3Names.contains(name)
    definition.chatTemplate = metadata["tokenizer.chat_template"]?.string
    if metadata["tokenizer.ggml.add_bos_token"]?.boolean ?? addsBegin(metadata) {
      definition.beginToken = metadata["tokenizer.ggml.bos_token_id"]?.integer
        .flatMap(Int32.init(exactly:))
    }
    return definition
  }

  private static func splitter(_ name: String) -> TextSplitter? {
    switch name {
    case "smollm": .smolLM
    case "gpt-2": .gpt2
    case "qwen2": .llama3(digits: 1)
    default: llama3Names.contains(name) ? .llama3(digits: 3) : nil
    }
  }
}
