import Inference
import Testing

@Test func projectionsHaveHuggingFaceNames() {
  #expect(Projection.allCases.map { "\($0.block).\($0.name)" }.first == "self_attn.q_proj")
  #expect(Projection.down.block == "mlp")
}
