/// A tokenizer as a GGUF file's metadata has it.
enum GGUFTokens {
  /// Whether texts begin with a token of their own, where the file does not say so: as llama.cpp
  /// has it for Llama 3's tokenizer.
  static func addsBegin(_ metadata: [String: GGUFValue]) -> Bool {
    ["llama3", "llama-v3", "llama-bpe"].contains(metadata["tokenizer.ggml.pre"]?.string)
  }
}
