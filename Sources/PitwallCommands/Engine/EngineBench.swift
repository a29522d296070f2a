import Foundation
import Inference
import Primitives

/// Times one engine.
final class EngineBench {
  /// One thing that is timed.
  enum Case: Hashable {
    /// A prompt of that many tokens, by the base model or one adapter.
    case prefill(tokens: Int, adapters: Int)
    /// Steps of a batch over that many distinct adapters, one for each sequence in turn.
    case decode(batch: Int, adapters: Int)
  }

  let engine: Engine
  let folders: [String]
  let adapters: [LoRAAdapter]
  let prompt: Int
  let tokens: Int
  private(set) var seconds: [Case: [Double]] = [:]
  /// Positions that a decode of a case reads, on average.
  private(set) var positions: [Case: Double] = [:]
  private(set) var loadSeconds: [Double] = []
  private(set) var switchSeconds: [Double] = []
  private(set) var mergeSeconds: [Double] = []
  private(set) var unmergeSeconds: [Double] = []
  /// First tokens from an adapter that is loaded, and from one that has to be.
  var warmSeconds: [Double] = []
  var coldSeconds: [Double] = []
  var besideLoads = StepPair()

  /// Makes the engine, with a pool for all adapters and sequences, and loads the adapters.
  init(
    _ checkpoint: Checkpoint, _ configuration: EngineConfiguration, adapters folders: [String],
    prompt: Int, tokens: Int
  ) throws {
    let adapters = try folders.map { try LoRAAdapter.open($0, for: checkpoint.configuration) }
    var configuration = configuration
    try configuration.admit(adapters)
    // One adapter more is loaded beside the others.
    let sizes = try adapters.map {
      try Engine.pages(
        for: $0, of: checkpoint.configuration, blockTokens: configuration.kvBlockTokens)
    }
    let longest = max(prompt + tokens + 1, configuration.maxBatchTokens)
    let sequencePages = configuration.maxSequences * (longest / configuration.kvBlockTokens + 1)
    configuration.poolPages = sizes.reduce(0, +) + (sizes.first ?? 0) + sequencePages
    engine = try Engine(checkpoint, configuration)
    self.folders = folders
    self.adapters = adapters
    self.prompt = prompt
    self.tokens = tokens
    for (id, adapter) in adapters.enumerated() { try engine.load(adapter, as: id) }
  }

  static func cases(batches: [Int], distinct: [Int], prefill: Int) -> [Case] {
    let counts = distinct.sorted()
    return counts.filter { $0 <= 1 }.map { .prefill(tokens: prefill, adapters: $0) }
      + batches.flatMap { batch in
        counts.filter { $0 <= batch }.map { .decode(batch: batch, adapters: $0) }
      }
  }

  func measureLimits() throws -> MachineLimits {
    try MachineLimits.measure(
      workers: engine.configuration.workers, instructionSet: engine.configuration.instructionSet)
  }

  /// Runs a case once.
  func time(_ test: Case) throws {
    switch test {
    case .prefill(let tokens, let adapters):
      let sequence = try begin(adapters: adapters, index: 0)
      var input = StepInput()
      input.prefill(sequence, text(tokens), samples: true)
      seconds[test, default: []].append(try step(input))
      try engine.end(sequence)
    case .decode(let batch, let adapters):
      let sequences = try (0..<batch).map { try begin(adapters: adapters, index: $0) }
      var input = StepInput()
      for sequence in sequences {
        input.removeAll()
        input.prefill(sequence, text(prompt), samples: true)
        _ = try step(input)
      }
      input.removeAll()
      for sequence in sequences { input.decode(sequence) }
      for _ in 0..<tokens { seconds[test, default: []].append(try step(input)) }
      positions[test] = Double(batch) * (Double(prompt) + Double(tokens) / 2)
      for sequence in sequences { try engine.end(sequence) }
    }
  }

  /// Loads, switches and merges once: an adapter is read from its file, into pages that are warm.
  func timeAdapters() throws {
    guard let path = folders.first else { return }
    let id = adapters.count
    loadSeconds.append(
      try measure { try engine.load(LoRAAdapter.open(path, for: engine.model), as: id) })
    var sequence: SequenceID?
    switchSeconds.append(try measure { sequence = try engine.begin(adapters: [AdapterUse(id)]) })
    if let sequence { try engine.end(sequence) }
    if engine.configuration.storage == .widened {
      mergeSeconds.append(try measure { try engine.merge(id) })
      unmergeSeconds.append(measure { engine.unmerge() })
    }
    try engine.unload(id)
  }

  /// Bytes that a step of a decode reads.
  func bytes(_ batch: Int, adapters count: Int, positions: Double) -> Double {
    let model = engine.model
    let position = 2 * model.keyValueHeads * model.headSize * model.layers * 4
    let adapterBytes = adapters.prefix(min(count, batch)).reduce(0) { $0 + $1.byteCount }
    return Double(engine.stepWeightBytes + adapterBytes) + positions * Double(position)
  }

  private func begin(adapters count: Int, index: Int) throws -> SequenceID {
    try engine.begin(adapters: count == 0 ? [] : [AdapterUse(index % count)])
  }

  func text(_ count: Int) -> [Int32] {
    (0..<count).map { Int32(truncatingIfNeeded: ($0 * 7919 + 11) % engine.model.vocabularySize) }
  }

  func step(_ input: StepInput) throws -> Double {
    try measure { try engine.step(input) { _, _ in } }
  }

  func measure(_ work: () throws -> Void) rethrows -> Double {
    try ContinuousClock().measure(work) / .seconds(1)
  }
}
