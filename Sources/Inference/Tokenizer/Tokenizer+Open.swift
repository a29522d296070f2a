import Primitives

extension Tokenizer {
  /// Reads the tokenizer of a GGUF file's metadata, or of a Hugging Face folder's `tokenizer.json`.
  /// - Throws: `PitwallError` (noInput, data).
  public static func open(_ path: String) throws -> Tokenizer {
    guard !Checkpoint.isFolder(path) else { return try open(folder: path) }
    return try Tokenizer(GGUFTokens.definition(GGUFFile(MappedFile(path: path))))
  }

  private static func open(folder: String) throws -> Tokenizer {
    let config = folder + "/tokenizer_config.json"
    let members =
      Checkpoint.exists(config) ? try JSONParser.parse(file: config, limit: 1 << 24) : nil
    return try Tokenizer(
      JSONTokens.definition(file: folder + "/tokenizer.json", config: members))
  }
}

extension Checkpoint {
  /// The tokenizer that belongs to the model.
  /// - Throws: `PitwallError` (noInput, data), also where it has tokens that the model has not.
  public func tokenizer() throws -> Tokenizer {
    let tokenizer = try Tokenizer.open(path)
    guard tokenizer.count <= configuration.vocabularySize else {
      throw PitwallError.data(
        path,
        "the tokenizer has \(tokenizer.count) tokens, the model "
          + "\(configuration.vocabularySize)")
    }
    return tokenizer
  }
}
