import ArgumentParser
import Foundation
import Inference
import Primitives

/// `pitwall model info`.
struct ModelInfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Check a checkpoint and describe it.",
    discussion: """
      EXAMPLES
        pitwall model info smollm2
        pitwall model info toy --format json
      """)

  @Argument(help: "A GGUF file, a Hugging Face folder, or the name of a fetched model.")
  var model: String
  @Option(help: "How to print it.") var format = OutputFormat.table

  func run() throws {
    let library = ModelLibrary(environment: ProcessInfo.processInfo.environment)
    let checkpoint = try Checkpoint.open(library.resolve(model))
    print(try ModelDescription(checkpoint).rendered(as: format), terminator: "")
  }
}

/// What a checkpoint holds, as text, JSON or CSV.
struct ModelDescription {
  private let checkpoint: Checkpoint
  private let tokenizer: Tokenizer

  /// - Throws: `PitwallError` (noInput, data) where the checkpoint has no tokenizer that fits.
  init(_ checkpoint: Checkpoint) throws {
    self.checkpoint = checkpoint
    tokenizer = try checkpoint.tokenizer()
  }

  func rendered(as format: OutputFormat) throws -> String {
    if format == .json { return json.rendered() + "\n" }
    var table = TextTable(["figure", "value"])
    for (path, cell) in json.flattened() { table.append([.text(path), cell]) }
    return table.rendered(as: format)
  }

  private var json: JSONValue {
    let model = checkpoint.configuration
    return .object([
      ("path", .string(checkpoint.path)), ("format", .string(checkpoint.format.rawValue)),
      ("parameters", .integer(checkpoint.parameterCount)),
      ("bytes", .integer(checkpoint.byteCount)),
      ("types", types), ("layers", .integer(model.layers)), ("hidden", .integer(model.hiddenSize)),
      ("heads", .integer(model.heads)), ("kv_heads", .integer(model.keyValueHeads)),
      ("head_size", .integer(model.headSize)), ("feed_forward", .integer(model.feedForwardSize)),
      ("vocabulary", .integer(model.vocabularySize)), ("tokens", .integer(tokenizer.count)),
      ("context", .integer(model.maxContext)), ("rope_theta", .number(model.ropeTheta)),
      ("rope_scaling", .string(scaling(model.ropeScaling))),
      ("norm_epsilon", .number(model.normEpsilon)),
      ("tied_embeddings", .string(model.tiesEmbeddings ? "yes" : "no")),
      (
        "end_tokens",
        .string(model.endTokens.map { tokenizer.decode([$0]) }.joined(separator: " "))
      ),
    ])
  }

  /// How many tensors are stored in which type.
  private var types: JSONValue {
    let types = checkpoint.tensorNames.compactMap { checkpoint.optionalTensor($0)?.type }
    return .object(
      ElementType.allCases.compactMap { type in
        let count = types.count { $0 == type }
        return count > 0 ? (key: "\(type)".uppercased(), value: .integer(count)) : nil
      })
  }

  private func scaling(_ scaling: ModelConfiguration.RopeScaling) -> String {
    switch scaling {
    case .none: "none"
    case .linear(let factor): "linear by \(factor)"
    case .llama3(let factor, let low, let high, let context):
      "llama3 by \(factor) from \(context) tokens (\(low), \(high))"
    }
  }
}
