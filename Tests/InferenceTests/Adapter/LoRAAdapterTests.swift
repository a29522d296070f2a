import Inference
import Primitives
import Testing

struct LoRAAdapterTests {
  @Test(arguments: [
    ("a-r4-qv", 4, 2.0, 4, ElementType.f32, 7_168),
    ("b-r8-all", 8, 2, 14, .f32, 65_536),
    ("c-r8-all", 8, 0.5, 14, .f32, 65_536),
    ("d-r16-all-rslora", 16, 4, 14, .bf16, 65_536),
    ("e-r2-o-f16", 2, 2, 2, .f16, 1_024),
  ])
  func fixturesAreRead(
    _ name: String, rank: Int, scale: Float, modules: Int, type: ElementType, bytes: Int
  ) throws {
    let adapter = try LoRAAdapter.open(AdapterFixtures.path(name), for: AdapterFixtures.model)
    #expect(adapter.name == name)
    #expect(adapter.maxRank == rank)
    #expect(adapter.updates.count == modules)
    #expect(adapter.byteCount == bytes)
    for update in adapter.updates.values {
      #expect(update.rank == rank && update.scale == scale)
      #expect(update.a.type == type && update.b.type == type)
    }
    let value = try #require(adapter[1, name.hasPrefix("e") ? .output : .value])
    #expect(value.a.shape == [rank, 64])
    #expect(value.b.shape == [name.hasPrefix("e") ? 64 : 32, rank])
    #expect((adapter[0, .gate] != nil) == name.contains("all"))
  }

  @Test func otherModelsAreRefused() {
    func refused(_ change: (inout ModelConfiguration) -> Void, _ words: String...) {
      var model = AdapterFixtures.model
      change(&model)
      let error = #expect(throws: PitwallError.self) {
        try LoRAAdapter.open(AdapterFixtures.path("b-r8-all"), for: model)
      }
      #expect(error?.code == .data)
      for word in words { #expect(error?.description.contains(word) == true, "\(words)") }
    }
    refused({ $0.layers = 1 }, "adapter_model.safetensors", "layers.1", "the model has 1 layers")
    refused({ $0.layers = 3 }, "no tensors of model.layers.2.self_attn.q_proj")
    refused({ $0.keyValueHeads = 4 }, "k_proj.lora_B.weight", "[32, 8], not [64, 8]")
    refused({ $0.hiddenSize = 32 }, "q_proj.lora_A.weight", "[8, 64], not [8, 32]")
  }
}
