import Foundation
import Inference

// What loading an adapter costs: whoever asks for it first, and those that decode beside it.
extension EngineBench {
  /// A step of a batch alone, and one during which another thread copies an adapter into the pool.
  struct StepPair {
    var alone: [Double] = []
    var besideLoad: [Double] = []
  }

  /// Tokens of a prompt whose first token is waited for.
  static let coldPrompt = 16

  /// The first token of a short prompt, by an adapter that is loaded and by one that is not.
  func timeFirstToken() throws {
    guard let path = folders.first else { return }
    warmSeconds.append(try measure { try firstToken(from: 0) })
    let id = adapters.count
    coldSeconds.append(
      try measure {
        try engine.load(LoRAAdapter.open(path, for: engine.model), as: id)
        try firstToken(from: id)
      })
    try engine.unload(id)
  }

  private func firstToken(from adapter: Int) throws {
    let sequence = try engine.begin(adapters: [AdapterUse(adapter)])
    var input = StepInput()
    input.prefill(sequence, text(min(prompt, EngineBench.coldPrompt)), samples: true)
    _ = try step(input)
    try engine.end(sequence)
  }

  /// Steps of a batch of base-model sequences in turns: one alone, one while an adapter is loaded.
  func timeBesideLoads(batch: Int) throws {
    guard let adapter = adapters.first else { return }
    let sequences = try (0..<batch).map { _ in try engine.begin(adapters: []) }
    var input = StepInput()
    for sequence in sequences {
      input.removeAll()
      input.prefill(sequence, text(prompt), samples: true)
      _ = try step(input)
    }
    input.removeAll()
    for sequence in sequences { input.decode(sequence) }
    for turn in 0..<tokens {
      guard turn % 2 == 1 else {
        besideLoads.alone.append(try step(input))
        continue
      }
      let load = try engine.beginLoad(adapter, as: adapters.count)
      let copied = DispatchSemaphore(value: 0)
      Thread {
        LoadingPriority.adopt()
        load.copy()
        copied.signal()
      }.start()
      besideLoads.besideLoad.append(try step(input))
      copied.wait()
      try engine.finish(load)
      try engine.unload(adapters.count)
    }
    for sequence in sequences { try engine.end(sequence) }
  }
}
