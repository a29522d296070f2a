import InferenceFuzzing
import Primitives
import Testing

@testable import Inference

struct AdapterFuzzTests {
  @Test(arguments: ["a-r4-qv", "e-r2-o-f16"])
  func damage(_ name: String) throws {
    let outcome = try DamagedAdapter(name).fuzz(seed: 1, rounds: 600)
    #expect(outcome.faults == [])
    #expect(outcome.read > 0)
  }

  /// Text that is no pattern, and patterns of every length and depth.
  @Test func patterns() throws {
    let letters = Array("()[]{}|*+?.\\^$-!=:<>P,0123dwqv_".utf8)
    var random = RandomStream(seed: 3, purpose: "fuzz patterns")
    var valid = 0
    for _ in 0..<20_000 {
      let text = (0..<random.index(below: 24)).map { _ in
        letters[random.index(below: letters.count)]
      }
      do {
        let pattern = try ModulePattern(String(decoding: text, as: UTF8.self), under: "")
        var steps = 200_000
        _ = try pattern.matchesWhole("model.layers.0.self_attn.q_proj", steps: &steps)
        valid += 1
      } catch { #expect(!error.why.isEmpty) }
    }
    #expect(valid > 1_000)
  }
}
