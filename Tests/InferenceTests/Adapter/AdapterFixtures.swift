import Inference

/// Adapters that PEFT reads, for one of the tiny models.
enum AdapterFixtures {
  static let names = ["a-r4-qv", "b-r8-all", "c-r8-all", "d-r16-all-rslora", "e-r2-o-f16"]

  static func path(_ name: String) -> String { Fixtures.path("tiny/tiny-tied/adapters/\(name)") }

  /// Shape of `tiny-tied`.
  static let model = ModelConfiguration(
    hiddenSize: 64, layers: 2, heads: 4, keyValueHeads: 2, headSize: 16, feedForwardSize: 128,
    vocabularySize: 512, maxContext: 512, ropeTheta: 100_000, normEpsilon: 1e-5,
    tiesEmbeddings: true)
}
