import Primitives

/// The two matrices of a low-rank update, in memory.
public struct LoRAFactors: Sendable, Equatable {
  /// `[rank][in]`.
  public var a: DenseMatrix
  /// `[out][rank]`.
  public var b: DenseMatrix

  public init(a: DenseMatrix, b: DenseMatrix) {
    self.a = a
    self.b = b
  }

  public var rank: Int { a.rows }
}

/// An adapter in memory, before it is written: made by merging, or out of random numbers.
public struct AdapterContents: Sendable {
  public var configuration: AdapterConfiguration
  public var factors: [LoRASite: LoRAFactors]

  public init(configuration: AdapterConfiguration, factors: [LoRASite: LoRAFactors]) {
    self.configuration = configuration
    self.factors = factors
  }

  /// Writes a folder that PEFT can load, which then appears whole or not at all.
  ///
  /// - Parameters:
  ///   - folder: what it lies in is made where it is not there.
  ///   - type: F32, F16 or BF16.
  /// - Throws: `PitwallError`: (usage) where something is there already, (inputOutput), (data) where a
  ///   number is too large for `type`.
  public func write(to folder: String, as type: ElementType = .f32) throws {
    var tensors: [SafeTensorsWriter.Tensor] = []
    for (site, factors) in factors.sorted(by: { $0.key < $1.key }) {
      tensors.append(try tensor(site, .a, factors.a, type))
      tensors.append(try tensor(site, .b, factors.b, type))
    }
    try AtomicFolder.write(to: folder, makesParents: true) { folder in
      let files = AdapterFolder(path: folder)
      try SafeTensorsWriter.write(tensors, metadata: ["format": "pt"], to: files.weights)
      try AtomicFile.write(configuration.json, to: files.configuration)
    }
  }

  private func tensor(
    _ site: LoRASite, _ part: LoRAPart, _ matrix: DenseMatrix, _ type: ElementType
  ) throws -> SafeTensorsWriter.Tensor {
    let name = "base_model.model.\(site.module).\(part.name).weight"
    // Rounding to nearest takes what lies above the largest half by more than half a step to infinity.
    let fits = matrix.values.allSatisfy { type == .f16 ? abs($0) < 65_520 : $0.isFinite }
    guard fits else { throw PitwallError(.data, "tensor \(name): too large for \(type)") }
    return try SafeTensorsWriter.Tensor(
      name: name, shape: [matrix.rows, matrix.columns], type: type, floats: matrix.values)
  }
}

extension AdapterConfiguration {
  /// An `adapter_config.json`, a key to a line, keys in order, as PEFT writes it.
  var json: String {
    var members: [String: JSONValue] = [
      "peft_type": .string("LORA"), "task_type": .string("CAUSAL_LM"), "r": .integer(rank),
      "lora_alpha": number(alpha), "use_rslora": .boolean(usesRSLoRA), "lora_dropout": .number(0),
      "bias": .string("none"), "fan_in_fan_out": .boolean(false), "use_dora": .boolean(false),
      "inference_mode": .boolean(true), "init_lora_weights": .boolean(true),
      "base_model_name_or_path": baseModel.map { .string($0) } ?? .null,
      "modules_to_save": .null,
      "target_modules": json(of: targets), "exclude_modules": excluded.map(json(of:)) ?? .null,
      "layers_to_transform": layers.map { .array($0.sorted().map { .integer($0) }) } ?? .null,
      "layers_pattern": layersPatterns.isEmpty ? .null : .array(layersPatterns.map { .string($0) }),
    ]
    members["rank_pattern"] = object(rankPattern) { .integer($0) }
    members["alpha_pattern"] = object(alphaPattern, number)
    let lines = members.sorted { $0.key < $1.key }.map {
      "  \(JSONText.quoted($0.key)): \(JSONText.compact($0.value))"
    }
    return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
  }

  private func json(of modules: Modules) -> JSONValue {
    switch modules {
    case .names(let names): .array(names.sorted().map { .string($0) })
    case .pattern(let text): .string(text)
    case .allLinear: .string("all-linear")
    }
  }

  private func object<Value>(
    _ overrides: [Override<Value>], _ convert: (Value) -> JSONValue
  ) -> JSONValue {
    .object(
      Dictionary(overrides.map { ($0.pattern, convert($0.value)) }, uniquingKeysWith: { $1 }))
  }

  /// PEFT declares alpha a whole number.
  private func number(_ value: Double) -> JSONValue {
    Int(exactly: value).map { .integer($0) } ?? .number(value)
  }
}
