import Inference
import Orchestration
import Primitives

/// What a kernel world has to know of the adapters: where they are, and which serve a request.
struct KernelAdapters: Sendable {
  let folders: [String]
  let model: ModelConfiguration
  let throttle: KernelSpec.Throttle
  let catalogue: AdapterCatalogue
  let sets: AdapterSets
  /// By set, the scale of each member; none for 1.
  let weights: [[Float]]

  /// The adapters of a set, as the engine is told them.
  func uses(of set: AdapterSetID) -> [AdapterUse] {
    let scales = weights.indices.contains(Int(set)) ? weights[Int(set)] : []
    return sets.members(set).enumerated().map { index, adapter in
      AdapterUse(Int(adapter), weight: scales.indices.contains(index) ? scales[index] : 1)
    }
  }
}

/// The prompts of requests of which a trace says only how long they are: token ids, evenly drawn.
struct KernelPrompts: Sendable {
  let vocabularySize: Int
  private let random: RandomStream

  init(vocabularySize: Int, seed: UInt64) {
    self.vocabularySize = vocabularySize
    random = RandomStream(seed: seed, purpose: "prompts")
  }

  /// The prompt of a row; the same in every run of a seed.
  func tokens(of request: Int32, count: Int32) -> [Int32] {
    var random = random.entity(UInt64(UInt32(bitPattern: request)))
    return (0..<count).map { _ in Int32(random.index(below: vocabularySize)) }
  }
}
