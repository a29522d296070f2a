import ArgumentParser
import Foundation
import Inference
import Primitives

/// `pitwall engine generate`
struct EngineGenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Continue a prompt, by the base model or by adapters in one batch.",
    discussion: """
      With one adapter or none the text is printed as it comes. With several, each answers in the \
      same batch, and their answers follow one another.

      EXAMPLES
        pitwall engine generate smollm2 --prompt "What is the capital of Spain?"
        pitwall engine generate smollm2 --base --adapter pirate=adapters/pirate \\
          --adapter detective=adapters/detective --prompt "What is the capital of Spain?"
      """)

  @OptionGroup var engine: EngineOptions
  @Option(help: "What the user says.") var prompt: String
  @Option(help: "What the system says before (default: the model's own).") var system: String?
  @Flag(help: "Continue the prompt as it is, without the chat template.") var raw = false
  @Flag(help: "Let the base model answer beside the adapters.") var base = false
  @Option(help: "Tokens at most.") var tokens = 128
  @Option(help: "0 takes the most likely token always.") var temperature: Float = 0
  @Option(help: "Draw from so many most likely tokens; 0 for all.") var topK = 0
  @Option(help: "Draw from the most likely tokens of this probability together.")
  var topP: Float = 1
  @Option(help: "The seed of the draws.") var seed: UInt64 = 1

  func validate() throws {
    guard EngineOptions.tokenCounts.contains(tokens) else {
      throw ValidationError("--tokens must be from 1 to \(EngineOptions.tokenCounts.upperBound)")
    }
    if base, engine.adapters.contains(where: { $0.name == "base" }) {
      throw ValidationError("--adapter: \"base\" is the base model's name")
    }
  }

  func run() throws {
    let checkpoint = try engine.checkpoint()
    let tokenizer = try checkpoint.tokenizer()
    let ids = try promptTokens(tokenizer)
    let adapters = try engine.adapters.map {
      try LoRAAdapter.open($0.folder, for: checkpoint.configuration)
    }
    let running = try Engine(
      checkpoint, sized(for: ids.count, adapters: adapters, checkpoint.configuration))
    for (id, adapter) in adapters.enumerated() { try running.load(adapter, as: id) }
    var voices: [Voice] = []
    if base || engine.adapters.isEmpty { voices.append(Voice("base", [], tokenizer)) }
    for (id, adapter) in engine.adapters.enumerated() {
      voices.append(Voice(adapter.name, [AdapterUse(id)], tokenizer))
    }
    try generate(ids, by: &voices, on: running)
  }

  /// An engine no larger than the answers need, which is there sooner than a larger one.
  private func sized(
    for prompt: Int, adapters: [LoRAAdapter], _ model: ModelConfiguration
  ) throws -> EngineConfiguration {
    var configuration = try engine.configuration
    configuration.maxSequences = adapters.count + 1
    try configuration.admit(adapters)
    let context = min(model.maxContext, prompt + tokens)
    configuration.maxContext = context
    var needed = try adapters.reduce(0) {
      try $0 + Engine.pages(for: $1, of: model, blockTokens: configuration.kvBlockTokens)
    }
    needed += configuration.maxSequences * (context / configuration.kvBlockTokens + 1)
    if let pages = engine.pages, pages < needed {
      throw PitwallError(.usage, "--pages: \(pages), but these answers may need \(needed)")
    }
    configuration.poolPages = engine.pages ?? needed
    return configuration
  }

  private func promptTokens(_ tokenizer: Tokenizer) throws -> [Int32] {
    let ids: [Int32]
    if raw {
      ids = tokenizer.encode(prompt)
    } else {
      let system = system.map { [ChatMessage(role: "system", content: $0)] } ?? []
      ids = try tokenizer.chat(system + [ChatMessage(role: "user", content: prompt)])
    }
    guard !ids.isEmpty else { throw PitwallError(.usage, "the prompt is empty") }
    return ids
  }

  /// One answer.
  private struct Voice {
    let name: String
    let adapters: [AdapterUse]
    var text = ""
    var count = 0
    var isDone = false
    var sequence: SequenceID?
    var decoder: StreamDecoder

    init(_ name: String, _ adapters: [AdapterUse], _ tokenizer: Tokenizer) {
      self.name = name
      self.adapters = adapters
      decoder = tokenizer.streamDecoder()
    }
  }

  private func generate(_ ids: [Int32], by voices: inout [Voice], on running: Engine) throws {
    let sampling = Sampling(temperature: temperature, topK: topK, topP: topP, seed: seed)
    for index in voices.indices {
      voices[index].sequence = try running.begin(
        adapters: voices[index].adapters, sampling: sampling)
    }
    try prefill(ids, &voices, on: running)
    var input = StepInput()
    while voices.contains(where: { !$0.isDone }) {
      input.removeAll()
      for voice in voices where !voice.isDone {
        if let sequence = voice.sequence { input.decode(sequence) }
      }
      try running.step(input) {
        append($1, to: $0, &voices, running.model, room: running.maxContext - ids.count)
      }
    }
    if voices.count == 1 {
      print(voices[0].decoder.finish())
    } else {
      for index in voices.indices {
        print("\(voices[index].name): \(voices[index].text)\(voices[index].decoder.finish())")
      }
    }
  }

  /// Each voice's prompt, in pieces that the engine takes.
  private func prefill(_ ids: [Int32], _ voices: inout [Voice], on running: Engine) throws {
    var input = StepInput()
    let size = running.configuration.maxBatchTokens
    for voice in voices {
      guard let sequence = voice.sequence else { continue }
      for first in stride(from: 0, to: ids.count, by: size) {
        let end = min(first + size, ids.count)
        input.removeAll()
        input.prefill(sequence, ids[first..<end], samples: end == ids.count)
        try running.step(input) {
          append($1, to: $0, &voices, running.model, room: running.maxContext - ids.count)
        }
      }
    }
  }

  private func append(
    _ token: Int32, to sequence: SequenceID, _ voices: inout [Voice], _ model: ModelConfiguration,
    room: Int
  ) {
    guard let index = voices.firstIndex(where: { $0.sequence == sequence }) else { return }
    voices[index].count += 1
    voices[index].isDone =
      model.endTokens.contains(token) || voices[index].count >= tokens
      || voices[index].count > room
    guard !model.endTokens.contains(token) else { return }
    let text = voices[index].decoder.text(after: token)
    if voices.count == 1 {
      print(text, terminator: "")
      fflush(nil)
    } else {
      voices[index].text += text
    }
  }
}
