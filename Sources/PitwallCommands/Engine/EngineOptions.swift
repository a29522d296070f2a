import ArgumentParser
import Foundation
import Inference
import Primitives

extension WeightStorage: ExpressibleByArgument {}
extension InstructionSet: ExpressibleByArgument {}

/// The model and the sizes of an engine, the same in every command that runs one.
struct EngineOptions: ParsableArguments {
  @Argument(help: "A GGUF file, a Hugging Face folder, or the name of a fetched model.")
  var model: String
  @Option(
    name: .customLong("adapter"),
    help: ArgumentHelp("A PEFT folder, under a name; may be repeated.", valueName: "name=folder"))
  var adapters: [NamedFolder] = []
  @Option(help: "Keep weights widened to 32 bits, or packed as the file has them.")
  var weights = WeightStorage.widened
  @Option(help: "Threads that compute (default: one for each core).") var threads: Int?
  @Option(help: "Tokens of a key-value block, a multiple of 16.") var block = 16
  @Option(help: "Pages of the pool, each of one block (default: what the command needs).")
  var pages: Int?
  @Option(help: "Instructions to use (default: the widest there are).")
  var instructions: InstructionSet?

  /// Refuses sizes that nothing could be computed with, before anything is.
  func validate() throws {
    try EngineOptions.check(block: block)
    if let pages, !(1...1 << 24).contains(pages) {
      throw ValidationError("--pages must be from 1 to \(1 << 24)")
    }
    let names = adapters.map(\.name)
    if let repeated = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw ValidationError("--adapter: \"\(repeated)\" is there twice")
    }
  }

  /// Refuses what an engine would, in words of the command line.
  static func check(threads: Int?) throws {
    if let threads { try NumberOption.check(threads, "--threads", in: 1...256) }
  }

  static func check(block: Int) throws {
    guard (16...4096).contains(block), block % 16 == 0 else {
      throw ValidationError("--block must be a multiple of 16 from 16 to 4096")
    }
  }

  /// More tokens than any model's context has, and few enough to count with.
  static let tokenCounts = 1...10_000_000

  func checkpoint() throws -> Checkpoint {
    try Checkpoint.open(
      ModelLibrary(environment: ProcessInfo.processInfo.environment).resolve(model))
  }

  var configuration: EngineConfiguration {
    get throws {
      try EngineOptions.check(threads: threads)
      var configuration = EngineConfiguration()
      configuration.storage = weights
      configuration.kvBlockTokens = block
      if let pages { configuration.poolPages = pages }
      if let threads { configuration.workers = threads }
      if let instructions {
        guard InstructionSet.available.contains(instructions) else {
          throw PitwallError(.usage, "this processor has no \(instructions.rawValue)")
        }
        configuration.instructionSet = instructions
      }
      return configuration
    }
  }
}

extension EngineConfiguration {
  /// Makes room for the ranks of adapters.
  /// - Throws: `PitwallError` (data) for a rank that no engine takes.
  mutating func admit(_ adapters: [LoRAAdapter]) throws {
    for adapter in adapters {
      guard EngineConfiguration.ranks.contains(adapter.maxRank) else {
        throw PitwallError.data(
          adapter.name,
          "its rank is \(adapter.maxRank); the engine takes ranks up to "
            + "\(EngineConfiguration.ranks.upperBound)")
      }
      maxRank = max(maxRank, adapter.maxRank)
    }
  }
}

/// `NAME=FOLDER`
struct NamedFolder: ExpressibleByArgument {
  let name: String
  let folder: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    (name, folder) = (parts[0], parts[1])
  }
}
