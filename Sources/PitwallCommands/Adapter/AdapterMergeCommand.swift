import ArgumentParser
import Inference
import Primitives

extension AdapterMerge.Kind: ExpressibleByArgument {}
extension AdapterMerge.MajoritySign: ExpressibleByArgument {}

/// `pitwall adapter merge`
struct AdapterMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Make one adapter of several, as PEFT's add_weighted_adapter does.",
    discussion: """
      KINDS
        cat              side by side: the exact sum, of the sum of all ranks
        svd              the sum, brought back to --rank by its largest singular values
        linear           weighted sums of A and of B: adapters of one rank, a rough approximation
        ties             the largest values alone, and of those the ones with the majority's sign
        dare_linear      values dropped at random and the others grown, then linear
        dare_ties        values dropped at random, then the majority's sign
        magnitude_prune  the largest values alone, then linear
        ties_svd, dare_linear_svd, dare_ties_svd, magnitude_prune_svd
                         the same on the difference of weights B A, for adapters of any rank

      The result's alpha is its rank, and it is rsLoRA if the first adapter is, as with PEFT.

      EXAMPLES
        pitwall adapter merge pirate json --kind cat --weights 0.5,0.5 --output both
        pitwall adapter merge a b c --kind ties --weights 1,1,-0.5 --density 0.3 --output merged
        pitwall adapter merge a b --kind dare_linear_svd --density 0.5 --rank 16 --output merged
      """)

  @Argument(help: "Folders of adapters for the same model.", completion: .directory)
  var adapters: [String]

  @Option(
    help: ArgumentHelp("Where to write the result.", valueName: "folder"), completion: .directory)
  var output: String

  @Option(help: "How to merge.")
  var kind = AdapterMerge.Kind.svd

  @Option(
    parsing: .unconditional,
    help: "A weight for each adapter, with commas between (default: 1 each).")
  var weights: String?

  @Option(help: "Share of the values that is kept: all kinds but linear, cat and svd.")
  var density: Double?

  @Option(help: "What elects a sign: total (sum of the values) or frequency.")
  var majoritySign = AdapterMerge.MajoritySign.total

  @Option(help: "Rank of the result of a kind with svd (default: the largest of the adapters').")
  var rank: Int?

  @Option(help: "Decides which values dare drops.")
  var seed: UInt64 = 1

  @Option(help: "Precision of the result: f32, f16 or bf16.")
  var type = AdapterPrecision.f32

  func validate() throws {
    if kind.needsDensity, density == nil {
      throw ValidationError("--kind \(kind.rawValue) needs --density.")
    }
    if !kind.needsDensity, density != nil {
      throw ValidationError("--kind \(kind.rawValue) takes no --density.")
    }
    if rank != nil, !kind.usesSVD {
      throw ValidationError("--kind \(kind.rawValue) takes no --rank.")
    }
  }

  func run() throws {
    let weights: [Double] =
      if let weights { try NumberOption.list(weights, "--weights") } else {
        adapters.map { _ in 1 }
      }
    if let rank { try NumberOption.check(rank, "--rank", in: AdapterConfiguration.ranks) }
    try AtomicFolder.checkIsFree(output)
    let merge = AdapterMerge(
      kind: kind, weights: weights, density: density ?? 1, majoritySign: majoritySign, rank: rank,
      seed: seed)
    let opened = try adapters.map { try LoRAAdapter.open($0) }
    let merged = try merge.merge(opened)
    try merged.write(to: output, as: type.elementType)
    noteDoubts(opened, rank: merged.configuration.rank)
  }

  /// What need not be wrong, but may well be.
  private func noteDoubts(_ adapters: [LoRAAdapter], rank: Int) {
    let models = Set(adapters.compactMap(\.configuration.baseModel)).sorted()
    if models.count > 1 {
      Terminal.note(
        "the adapters say that they are for different models: " + models.joined(separator: ", "))
    }
    let most = EngineConfiguration.ranks.upperBound
    if rank > most {
      Terminal.note(
        "the result has rank \(rank); the engine takes ranks up to \(most), "
          + "to which --kind svd --rank \(most) brings it")
    }
  }
}
