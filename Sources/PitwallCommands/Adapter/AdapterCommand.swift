import ArgumentParser
import Foundation
import Inference
import Primitives

/// `pitwall adapter`: LoRA adapters as PEFT keeps them.
struct AdapterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adapter",
    abstract: "Make, inspect and merge LoRA adapters in PEFT's format.",
    subcommands: [
      AdapterSynthCommand.self, AdapterInspectCommand.self, AdapterMergeCommand.self,
    ])
}

/// `--type`: in what precision matrices are written.
enum AdapterPrecision: String, CaseIterable, ExpressibleByArgument {
  case f32, f16, bf16

  var elementType: ElementType {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    }
  }
}

extension Checkpoint {
  /// Opens the model that a person means: a path, or the name of a fetched one.
  /// - Throws: `PitwallError` (noInput, data).
  static func open(named name: String) throws -> Checkpoint {
    try open(ModelLibrary(environment: ProcessInfo.processInfo.environment).resolve(name))
  }
}
