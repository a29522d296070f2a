import Foundation
import Inference
import Primitives
import Testing

@Suite struct SamplingTests {
  /// Tokens drawn after one prompt, by as many seeds.
  private func draws(_ sampling: Sampling, count: Int = 400) throws -> (tokens: [Int32], [Float]) {
    let tiny = try TinyModel("tiny-tied")
    var tokens: [Int32] = []
    var logits: [Float] = []
    for first in stride(from: 0, to: count, by: 50) {
      var input = StepInput()
      let ids = try (first..<first + 50).map { seed in
        var sampling = sampling
        sampling.seed = UInt64(seed)
        return try tiny.engine.begin(sampling: sampling)
      }
      for id in ids { input.prefill(id, [40, 2, 77], samples: true) }
      try tiny.engine.step(input) { tokens.append($1) }
      logits = try #require(try tiny.engine.logits(of: ids[0]))
      for id in ids { try tiny.engine.end(id) }
    }
    return (tokens, logits)
  }

  private func probabilities(_ logits: [Float], _ temperature: Float) -> [Double] {
    let top = logits.max() ?? 0
    let weights = logits.map { exp(Double(($0 - top) / temperature)) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  @Test func drawsFollowTheProbabilities() throws {
    let (tokens, logits) = try draws(Sampling(temperature: 1.3), count: 4000)
    let expected = probabilities(logits, 1.3)
    let favourites = expected.indices.sorted { expected[$0] > expected[$1] }.prefix(5)
    for token in favourites {
      let share = Double(tokens.count { $0 == token }) / Double(tokens.count)
      let deviation = (expected[token] * (1 - expected[token]) / Double(tokens.count)).squareRoot()
      #expect(abs(share - expected[token]) < 5 * deviation)
    }
  }

  @Test func topKAndTopPBound() throws {
    let (few, logits) = try draws(Sampling(temperature: 2, topK: 3))
    let order = logits.indices.sorted { logits[$0] > logits[$1] }
    #expect(Set(few.map(Int.init)) == Set(order.prefix(3)))

    let expected = probabilities(logits, 2)
    var nucleus: Set<Int> = []
    var sum = 0.0
    for token in order where sum < 0.2 {
      nucleus.insert(token)
      sum += expected[token]
    }
    #expect(Set(try draws(Sampling(temperature: 2, topP: 0.2)).tokens.map(Int.init)) == nucleus)
    #expect(Set(try draws(Sampling(temperature: 9, topK: 1)).tokens.map(Int.init)) == [order[0]])
  }

  @Test func aSeedDrawsTheSameInAnyCompany() throws {
    let tiny = try TinyModel("tiny-tied")
    func tokens(_ company: Int) throws -> [Int32] {
      let own = try tiny.engine.begin(sampling: Sampling(temperature: 1, seed: 5))
      let others = try (0..<company).map {
        try tiny.engine.begin(adapters: [AdapterUse($0 % 5)], sampling: Sampling(temperature: 1))
      }
      var tokens: [Int32] = []
      var input = StepInput()
      for id in others + [own] { input.prefill(id, [3, 1, 4], samples: true) }
      for _ in 0..<20 {
        try tiny.engine.step(input) { if $0 == own { tokens.append($1) } }
        input.removeAll()
        for id in others + [own] { input.decode(id) }
      }
      for id in others + [own] { try tiny.engine.end(id) }
      return tokens
    }
    #expect(try tokens(0) == tokens(7))
  }

  @Test func nonsenseIsRefused() throws {
    let engine = try TinyModel("tiny-tied").engine
    for sampling in [
      Sampling(temperature: -1), Sampling(temperature: .nan), Sampling(temperature: 1, topK: -1),
      Sampling(temperature: 1, topP: 0), Sampling(temperature: 1, topP: .nan),
    ] {
      #expect(throws: PitwallError.self) { try engine.begin(sampling: sampling) }
    }
  }
}
