import Primitives

extension AdapterConfiguration {
  private static let mostBytes = 4_000_000
  /// More than any matrix of a model that fits a machine has rows.
  public static let ranks = 1...65_536

  /// Reads an `adapter_config.json`. Keys that are not known are of no effect.
  /// - Throws: `PitwallError` (noInput; data where it is malformed, or asks for what is not
  ///   supported: anything but LoRA and rsLoRA on projections of decoder layers).
  public init(path: String) throws {
    let json = try JSONParser.parse(file: path, limit: AdapterConfiguration.mostBytes)
    guard case .object = json else { throw PitwallError.data(path, "not a JSON object") }
    let fields = Fields(path: path, json: json)
    try AdapterConfiguration.refuseUnsupported(fields)
    rank = try fields.integer("r", in: AdapterConfiguration.ranks) ?? 8
    alpha = try fields.number("lora_alpha") ?? 8
    usesRSLoRA = try fields.boolean("use_rslora") ?? false
    // What PEFT takes for Llama where nothing is said.
    targets = try fields.modules("target_modules") ?? .names(["q_proj", "v_proj"])
    excluded = try fields.modules("exclude_modules")
    layers = try fields.layers("layers_to_transform")
    layersPatterns = try fields.texts("layers_pattern") ?? []
    rankPattern = try fields.overrides("rank_pattern") {
      guard let rank = $0.integer, AdapterConfiguration.ranks.contains(rank) else { return nil }
      return rank
    }
    alphaPattern = try fields.overrides("alpha_pattern") { $0.double }
    baseModel = fields.json["base_model_name_or_path"]?.string
    if case .pattern = targets, layers != nil || !layersPatterns.isEmpty {
      throw fields.wrong("layers_to_transform", "cannot stand beside target_modules that is text")
    }
  }

  /// Keys that change what an adapter computes, and what they would do.
  private static let unsupported: [(key: String, why: String)] = [
    ("use_dora", "DoRA, which rescales the columns of the base weights, is not supported"),
    ("modules_to_save", "whole modules that replace the model's are not supported"),
    ("fan_in_fan_out", "transposed base weights are not supported"),
    ("lora_bias", "a bias of the update is not supported"),
    ("use_qalora", "QA-LoRA, which pools its input, is not supported"),
    ("layer_replication", "repeated layers are not supported"),
    ("trainable_token_indices", "changed embeddings are not supported"),
    ("target_parameters", "updates of bare parameters are not supported"),
    ("alora_invocation_tokens", "aLoRA, which begins at a token, is not supported"),
    ("use_bdlora", "block-diagonal LoRA is not supported"),
    ("arrow_config", "Arrow's routing among adapters is not supported"),
    ("kasa_config", "KaSA is not supported"),
    ("monteclora_config", "MonteCLoRA is not supported"),
  ]

  /// Initialisations that took their start out of the base weights: such an adapter is right only
  /// on weights that were changed with it.
  private static let residualStarts = ["pissa", "olora", "corda", "loftq", "lora_ga"]

  private static func refuseUnsupported(_ fields: Fields) throws {
    guard let type = fields.json["peft_type"]?.string else {
      throw fields.wrong("peft_type", "missing, or not text")
    }
    guard type == "LORA" else {
      throw fields.wrong("peft_type", "\"\(type)\" is not supported, only LORA is")
    }
    if let bias = fields.json["bias"], bias != .string("none") {
      throw fields.wrong("bias", "only \"none\" is supported")
    }
    for (key, why) in unsupported where fields.isSet(key) { throw fields.wrong(key, why) }
    if let start = fields.json["init_lora_weights"]?.string?.lowercased(),
      residualStarts.contains(where: start.hasPrefix)
    {
      throw fields.wrong(
        "init_lora_weights",
        "\"\(start)\" changes the base weights; convert the adapter to plain LoRA first")
    }
  }
}

/// Members of the configuration's object, by type. A member that is null is none.
private struct Fields {
  let path: String
  let json: JSONValue

  func wrong(_ key: String, _ message: String) -> PitwallError { .data(path, "\(key): \(message)") }

  /// Whether Python would call the value true.
  func isSet(_ key: String) -> Bool {
    switch json[key] {
    case nil, .null, .boolean(false), .integer(0), .string(""), .array([]), .object([:]): false
    default: true
    }
  }

  func boolean(_ key: String) throws -> Bool? {
    guard let value = json[key] else { return nil }
    guard let boolean = value.boolean else { throw wrong(key, "expected true or false") }
    return boolean
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let value = json[key] else { return nil }
    guard let integer = value.integer, range.contains(integer) else {
      throw wrong(key, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return integer
  }

  func number(_ key: String) throws -> Double? {
    guard let value = json[key] else { return nil }
    guard let number = value.double else { throw wrong(key, "expected a number") }
    return number
  }

  /// A text or a list of texts.
  func texts(_ key: String) throws -> [String]? {
    guard let value = json[key] else { return nil }
    if let text = value.string { return text.isEmpty ? [] : [text] }
    let texts = value.array?.compactMap(\.string)
    guard let texts, texts.count == value.array?.count else {
      throw wrong(key, "expected text or a list of texts")
    }
    return texts
  }

  func modules(_ key: String) throws -> AdapterConfiguration.Modules? {
    guard isSet(key), let texts = try texts(key) else { return nil }
    guard let text = json[key]?.string else { return .names(Set(texts)) }
    return text.lowercased() == "all-linear" ? .allLinear : .pattern(text)
  }

  /// A number or a list of numbers; an empty list chooses nothing, which is all.
  func layers(_ key: String) throws -> Set<Int>? {
    guard let value = json[key] else { return nil }
    if let layer = value.integer { return [layer] }
    let layers = value.array?.compactMap(\.integer)
    guard let layers, layers.count == value.array?.count else {
      throw wrong(key, "expected a whole number or a list of them")
    }
    return layers.isEmpty ? nil : Set(layers)
  }

  /// In the order of their keys, which is that of the files that PEFT writes.
  func overrides<Value>(
    _ key: String, _ convert: (JSONValue) -> Value?
  ) throws -> [AdapterConfiguration.Override<Value>] {
    guard let value = json[key] else { return [] }
    guard let members = value.object else { throw wrong(key, "expected an object") }
    let sorted = members.sorted {
      $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars)
    }
    return try sorted.map { pattern, value in
      guard let value = convert(value) else { throw wrong(key, "\"\(pattern)\": bad value") }
      return AdapterConfiguration.Override(pattern: pattern, value: value)
    }
  }
}
