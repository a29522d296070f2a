import ArgumentParser
import Inference
import Primitives

/// `pitwall model synth`.
struct ModelSynthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synth",
    abstract: "Make a model with random weights, as a Hugging Face folder.",
    discussion: """
      It says nothing sensible, but runs like a real one. The same options give the same bytes.

      EXAMPLES
        pitwall model synth toy
        pitwall model synth wide --hidden 576 --layers 30 --heads 9 --kv-heads 3 \
      --feed-forward 1536 --vocabulary 49152 --type bf16
      """)

  /// Types that safetensors files have.
  enum Storage: String, CaseIterable, ExpressibleByArgument {
    case f32, f16, bf16

    var type: ElementType {
      switch self {
      case .f32: .f32
      case .f16: .f16
      case .bf16: .bf16
      }
    }
  }

  @Argument(help: "The folder to make.", completion: .directory) var output: String
  @Option(help: "Width of the residual stream.") var hidden = 64
  @Option(help: "Layers.") var layers = 2
  @Option(help: "Attention heads.") var heads = 4
  @Option(help: "Key and value heads.") var kvHeads = 2
  @Option(help: "Size of a head; the width shared among the heads if left out.") var headSize: Int?
  @Option(help: "Width of the feed-forward network.") var feedForward = 128
  @Option(help: "Tokens of the vocabulary.") var vocabulary = 512
  @Option(help: "Longest sequence.") var context = 2048
  @Option(help: "How numbers are stored.") var type = Storage.f32
  @Flag(help: "Give the model an output matrix of its own.") var untied = false
  @Flag(help: "Give every matrix a bias.") var biases = false
  @Option(help: "The seed.") var seed: UInt64 = 1

  func run() throws {
    try checkOptions()
    let headSize = headSize ?? hidden / heads
    guard headSize.isMultiple(of: RandomModel.headSizes), headSize > 0 else {
      throw PitwallError(
        .usage,
        "--head-size: \(headSize) is no multiple of \(RandomModel.headSizes), which the engine needs"
      )
    }
    let configuration = ModelConfiguration(
      hiddenSize: hidden, layers: layers, heads: heads, keyValueHeads: kvHeads, headSize: headSize,
      feedForwardSize: feedForward, vocabularySize: vocabulary, maxContext: context,
      ropeTheta: 10_000, normEpsilon: 1e-5, tiesEmbeddings: !untied, endTokens: [2])
    let model = RandomModel(
      configuration: configuration, type: type.type, hasBiases: biases, seed: seed)
    do { try model.write(to: output) } catch let error as PitwallError where error.code == .data {
      // The figures are those of the command line.
      throw PitwallError(.usage, error.message)
    }
  }

  private func checkOptions() throws {
    let limits = ModelConfiguration.Limits.self
    try NumberOption.check(hidden, "--hidden", in: limits.hiddenSize)
    try NumberOption.check(layers, "--layers", in: limits.layers)
    try NumberOption.check(heads, "--heads", in: limits.heads)
    try NumberOption.check(kvHeads, "--kv-heads", in: 1...heads)
    if let headSize { try NumberOption.check(headSize, "--head-size", in: limits.headSize) }
    try NumberOption.check(feedForward, "--feed-forward", in: limits.feedForwardSize)
    try NumberOption.check(
      vocabulary, "--vocabulary", in: RandomModel.leastVocabulary...limits.vocabularySize.upperBound
    )
    try NumberOption.check(context, "--context", in: limits.maxContext)
    guard heads.isMultiple(of: kvHeads) else {
      throw PitwallError(.usage, "--kv-heads: \(heads) heads cannot share \(kvHeads) evenly")
    }
  }
}
