import Foundation
import Inference
import Testing

/// What transformers and PEFT gave for a model: for each prompt and adapter the logits of the last
/// position and the greedy continuation.
struct ModelFixture: Decodable {
  struct Logits: Decodable {
    let top_ids: [Int]
    let top: [Double]
    let l2: Double
    let sum: Double
    let probe: Double
  }

  struct Continuation: Decodable {
    let logits: Logits
    let greedy: [Int32]
    /// Between the two largest logits, at every step.
    let margins: [Double]
  }

  struct Case: Decodable {
    let ids: [Int32]
    let configs: [String: Continuation]
  }

  struct MixedBatch: Decodable {
    let ids: [Int32]
    let adapter_names: [String]
    let logits: [Logits]
  }

  let cases: [Case]
  let mixed_batch: MixedBatch
}

extension Fixtures {
  /// Whether SmolLM2 is there, and the build is one in which it takes minutes, not an hour.
  static var canRunSmolLM2: Bool {
    #if DEBUG
      false
    #else
      smolLM2 != nil
    #endif
  }
}

/// Differences between logits and a fixture's.
struct Distance: CustomStringConvertible {
  let largest: Double
  let relative: Double
  let probe: Double

  init(_ logits: [Float], _ fixture: ModelFixture.Logits) {
    largest = zip(fixture.top_ids, fixture.top).map { abs(Double(logits[$0]) - $1) }.max() ?? 0
    let l2 = logits.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    relative = abs(l2 - fixture.l2) / fixture.l2
    // +1 where bit 16 of i * 2654435761 is set, else -1.
    let sum = logits.enumerated().reduce(0.0) {
      let isSet = (UInt32(truncatingIfNeeded: $1.offset) &* 2_654_435_761) >> 16 & 1 == 1
      return isSet ? $0 + Double($1.element) : $0 - Double($1.element)
    }
    probe = abs(sum - fixture.probe)
  }

  /// Within what 32-bit arithmetic in another order may change.
  var isClose: Bool { largest <= 5e-4 && relative <= 1e-5 && probe <= 0.03 }

  var description: String { "top \(largest), l2 \(relative), probe \(probe)" }
}

extension Engine {
  /// Computes prompts in one batch, then continues them together, greedily.
  /// - Returns: each one's tokens, and the logits of the end of its prompt.
  func generate(
    _ prompts: [(ids: [Int32], adapters: [AdapterUse])], count: Int, chunk: Int = .max
  ) throws -> [(tokens: [Int32], logits: [Float])] {
    let ids = try prompts.map { try begin(adapters: $0.adapters) }
    var tokens: [SequenceID: [Int32]] = [:]
    var logits: [SequenceID: [Float]] = [:]
    var input = StepInput()
    var done = Array(repeating: 0, count: ids.count)
    while tokens.values.filter({ $0.count == count }).count < ids.count {
      input.removeAll()
      for (index, id) in ids.enumerated() where tokens[id, default: []].count < count {
        let prompt = prompts[index].ids
        if done[index] < prompt.count {
          let end = done[index] + min(chunk, prompt.count - done[index])
          input.prefill(id, prompt[done[index]..<end], samples: end == prompt.count)
          done[index] = end
        } else {
          input.decode(id)
        }
      }
      try step(input) { tokens[$0, default: []].append($1) }
      for id in ids where logits[id] == nil {
        if let row = try self.logits(of: id) { logits[id] = row }
      }
    }
    for id in ids { try end(id) }
    return ids.map { (tokens[$0] ?? [], logits[$0] ?? []) }
  }
}

/// A tiny model of ours, its adapters by name, and an engine that has them all.
struct TinyModel {
  static let names = ["tiny-tied", "tiny-untied", "tiny-rope3"]
  let engine: Engine
  let fixture: ModelFixture
  let adapters: [String: Int]

  init(_ name: String, configure: (inout EngineConfiguration) -> Void = { _ in }) throws {
    let folder = Fixtures.path("tiny/\(name)")
    let checkpoint = try Checkpoint.open(folder)
    var configuration = EngineConfiguration()
    configuration.poolPages = 600
    configuration.workers = 2
    configure(&configuration)
    engine = try Engine(checkpoint, configuration)
    fixture = try Fixtures.json("\(name).json")
    var adapters: [String: Int] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder + "/adapters").sorted() {
      let adapter = try LoRAAdapter.open("\(folder)/adapters/\(name)", for: engine.model)
      adapters[name] = adapters.count
      try engine.load(adapter, as: adapters.count - 1)
    }
    self.adapters = adapters
  }

  /// None for the base model.
  func use(_ name: String) -> [AdapterUse] { adapters[name].map { [AdapterUse($0)] } ?? [] }
}

/// Checks a greedy continuation up to the first step that rounding could decide.
func expectGreedy(
  _ tokens: [Int32], _ fixture: ModelFixture.Continuation, _ what: Comment,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let certain = fixture.margins.firstIndex { $0 < 1e-3 } ?? fixture.greedy.count
  let count = min(certain, tokens.count)
  #expect(
    tokens.prefix(count) == fixture.greedy.prefix(count), what, sourceLocation: sourceLocation)
}
