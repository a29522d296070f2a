import Foundation
import Primitives
import Testing

@testable import Inference

/// Adapters that are wrong, or right in an unusual way.
struct AdapterRefusalTests {
  private typealias Tensor = SafeTensorsWriter.Tensor

  /// Opens an adapter of rank 2 on the values of a model of one layer, after a change.
  private func open(
    config: [String: Any] = [:], _ change: (inout [Tensor]) throws -> Void = { _ in }
  ) throws -> LoRAAdapter {
    var model = AdapterFixtures.model
    model.layers = 1
    return try Fixtures.withFolder { folder in
      var members: [String: Any] = [
        "peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["v_proj"],
      ]
      members.merge(config) { $1 }
      try JSONSerialization.data(withJSONObject: members)
        .write(to: URL(fileURLWithPath: folder + "/adapter_config.json"))
      var tensors = try pair("base_model.model.model.layers.0.self_attn.v_proj")
      try change(&tensors)
      try SafeTensorsWriter.write(tensors, to: folder + "/adapter_model.safetensors")
      return try LoRAAdapter.open(folder, for: model)
    }
  }

  private func pair(_ module: String, infix: String = "", rank: Int = 2) throws -> [Tensor] {
    [
      try Tensor(
        name: "\(module).lora_A\(infix).weight", shape: [rank, 64], type: .f32,
        floats: Array(repeating: 1, count: rank * 64)),
      try Tensor(
        name: "\(module).lora_B\(infix).weight", shape: [32, rank], type: .bf16,
        floats: Array(repeating: 2, count: rank * 32)),
    ]
  }

  private func expectRefused(
    _ words: String, config: [String: Any] = [:],
    _ change: (inout [Tensor]) throws -> Void = { _ in }
  ) {
    let error = #expect(throws: PitwallError.self, "\(words)") {
      _ = try open(config: config, change)
    }
    #expect(error?.code == .data)
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "") / \(words)")
    #expect(error?.place?.contains("/adapter_") == true)
  }

  @Test(arguments: [
    ("base_model.model.model.layers.0", ""), ("base_model.model.model.layers.0", ".default"),
    ("base_model.model.layers.0", ""), ("model.layers.0", ""), ("layers.0", ".my_adapter"),
  ])
  func namesAsTheyHaveBeenWritten(_ layer: String, _ infix: String) throws {
    let adapter = try open { $0 = try pair("\(layer).self_attn.v_proj", infix: infix) }
    let update = try #require(adapter[0, .value])
    #expect(update.a.type == .f32 && update.b.type == .bf16 && update.scale == 2)
    #expect(adapter.byteCount == 2 * 64 * 4 + 2 * 32 * 2)
  }

  @Test func tensorsThatAreWrong() {
    expectRefused("lora_B is missing") { $0.removeLast() }
    expectRefused("lora_A is missing") { $0.removeFirst() }
    expectRefused("holds no tensors") { $0.removeAll() }
    expectRefused("its shape is [3, 64], not [2, 64]") {
      $0 = try pair("model.layers.0.self_attn.v_proj", rank: 3)
    }
    expectRefused("its shape is [128], not [2, 128]") {
      $0[0] = Tensor(name: $0[0].name, shape: [128], type: .f32, bytes: $0[0].bytes)
    }
    expectRefused("an empty matrix") {
      $0[0] = Tensor(name: $0[0].name, shape: [2, 0], type: .f32, bytes: [])
    }
    expectRefused("is lora_A of the same module") { $0 += try pair("layers.0.self_attn.v_proj") }
    expectRefused("does not target model.layers.0.self_attn.k_proj") {
      $0 += try pair("layers.0.self_attn.k_proj")
    }
    expectRefused("the model has 1 layers") { $0 += try pair("layers.1.self_attn.v_proj") }
    for (name, why) in [
      ("layers.0.self_attn.v_proj.lora_magnitude_vector", "DoRA"),
      ("base_model.model.model.embed_tokens.lora_embedding_A", "embeddings"),
      ("layers.0.self_attn.v_proj.lora_B.bias", "biases"),
      ("lm_head.lora_A.weight", "not lora_A or"),
      ("layers.00.self_attn.v_proj.lora_A.weight", "not lora_A or"),
      ("layers.-1.self_attn.v_proj.lora_A.weight", "not lora_A or"),
      ("layers.0.mlp.v_proj.lora_A.weight", "not lora_A or"), ("", "not lora_A or"),
    ] {
      expectRefused(why) {
        $0[0] = Tensor(name: name, shape: [2, 64], type: .f32, bytes: $0[0].bytes)
      }
    }
  }

  @Test func configurationsThatAreWrong() {
    expectRefused("no tensors of", config: ["target_modules": ["v_proj", "q_proj"]])
    expectRefused("does not target", config: ["target_modules": ["q_proj"]])
    expectRefused(
      "target_modules: a pattern has an unbalanced", config: ["target_modules": "(v_proj"])
    expectRefused("rank_pattern: a pattern uses", config: ["rank_pattern": ["(?i)v": 2]])
    expectRefused("the scale is not finite", config: ["lora_alpha": 1e300])
    expectRefused("not [4, 64]", config: ["rank_pattern": ["v_proj": 4]])
    expectRefused("rank_pattern: \"v_proj\"", config: ["rank_pattern": ["v_proj": 0]])
    expectRefused("alpha_pattern: \"v_proj\"", config: ["alpha_pattern": ["v_proj": "4"]])
    expectRefused("alpha_pattern: expected an object", config: ["alpha_pattern": 4])
    expectRefused("r: expected a whole number", config: ["r": 0])
    expectRefused("r: expected a whole number", config: ["r": 1_000_000_000_000])
    expectRefused("use_rslora: expected true or false", config: ["use_rslora": "yes"])
    expectRefused("target_modules: expected text", config: ["target_modules": [1]])
    expectRefused("layers_to_transform: expected", config: ["layers_to_transform": ["0"]])
    expectRefused(
      "cannot stand beside", config: ["target_modules": ".*v_proj", "layers_to_transform": [0]])
    for (key, value, why) in [
      ("peft_type", "IA3", "\"IA3\" is not supported"), ("use_dora", true, "DoRA"),
      ("bias", "all", "only \"none\""), ("modules_to_save", ["lm_head"], "whole modules"),
      ("fan_in_fan_out", true, "transposed"),
      ("init_lora_weights", "pissa_niter_4", "base weights"),
      ("alora_invocation_tokens", [1], "aLoRA"), ("layer_replication", [[0, 1]], "repeated"),
    ] as [(String, Any, String)] {
      expectRefused(why, config: [key: value])
    }
  }

  @Test func whatIsUnknownOrEmptyIsOfNoEffect() throws {
    let adapter = try open(config: [
      "a_key_of_the_future": ["x": [1]], "modules_to_save": [String](), "use_dora": false,
      "layers_to_transform": NSNull(), "exclude_modules": "", "init_lora_weights": "gaussian",
    ])
    #expect(adapter.updates.count == 1)
  }

  @Test func whatIsMissingIsNamed() {
    for path in ["/nowhere", AdapterFixtures.path("")] {
      let error = #expect(throws: PitwallError.self) { _ = try LoRAAdapter.open(path) }
      #expect(error?.code == .noInput)
      #expect(error?.place?.hasSuffix("adapter_config.json") == true)
    }
  }
}
