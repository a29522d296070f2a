import Primitives

/// Step times from first principles: whichever of arithmetic and memory traffic takes longer, plus
/// fixed overheads. Needs no measurement. Between what it says and what servers do lies
/// mostly the work of their hosts: `pitwall published` shows how much.
///
/// - Base model: 2 FLOP per parameter and token; weights are read once a step, each sequence's KV
///   cache once, and 4 FLOP per layer, head and dimension for each attended pair.
/// - LoRA: 2 FLOP per adapter parameter and token, and each distinct adapter's bytes once. These run
///   in kernels of their own, two (shrink and expand) per projection and layer, whose launches are
///   only partly hidden. Punica's operator takes 42 us at any batch where the adapter is shared and
///   72 to 118 us for 64 distinct adapters (Chen et al., MLSys'24, figure 8), end to end about 2 ms a
///   step for a 7B model with 224 projections: 9 us each, hence `launch` of 5 us for each of two.
///   Kernels that gather (Punica's BGMV, S-LoRA's MBGMV) read an adapter once for each decoding token
///   instead; prompts are computed by kernels that do not.
/// S. Williams et al., "Roofline", CACM 2009.
public struct Roofline: CostModel {
  private let overhead: Double
  private let flopTime: Double
  private let byteTime: Double
  private let flopsPerToken: Double
  private let flopsPerPair: Double
  private let flopsPerRankToken: Double
  private let weightBytes: Double
  private let kvBytesPerToken: Double
  private let loraLaunches: Double
  /// Bytes per unit of rank that a decoding token reads of its adapter; 0 where adapters are read once.
  private let gatheredBytesPerRank: Double

  /// A model on an accelerator, with adapters on the given projections.
  /// - Parameter gathersAdapters: whether each decoding token reads its adapter anew.
  public init(
    model: ModelShape, accelerator: Accelerator, targets: [String], gathersAdapters: Bool = false
  ) {
    overhead = Double(accelerator.stepOverhead)
    flopTime = 1e9 / (accelerator.flops * accelerator.computeEfficiency)
    byteTime = 1e9 / (accelerator.memoryBandwidth * accelerator.bandwidthEfficiency)
    flopsPerToken = 2 * model.matrixParameters
    flopsPerPair = 4 * Double(model.layers * model.heads * model.headDimension)
    flopsPerRankToken = 2 * model.loraParametersPerRank(targets: targets)
    weightBytes = model.matrixParameters * Double(model.bytesPerValue)
    kvBytesPerToken = Double(model.kvBytesPerToken)
    loraLaunches =
      Double(2 * model.layers * targets.count) * Double(accelerator.launch)
    gatheredBytesPerRank =
      gathersAdapters
      ? model.loraParametersPerRank(targets: targets) * Double(model.bytesPerValue) : 0
  }

  public func duration(of step: StepWork) -> Nanoseconds {
    let tokens = Double(step.decodes + step.promptTokens)
    let pairs = Double(step.contextTokens + step.promptPairs)
    let compute = (tokens * flopsPerToken + pairs * flopsPerPair) * flopTime
    let traffic = (weightBytes + Double(step.contextTokens) * kvBytesPerToken) * byteTime
    var time = overhead + max(compute, traffic)
    if step.adapters > 0 {
      let arithmetic = Double(step.rankTokens) * flopsPerRankToken * flopTime
      let gathered = step.promptTokens == 0 ? Double(step.rankTokens) * gatheredBytesPerRank : 0
      let reading = max(Double(step.adapterBytes), gathered) * byteTime
      time += loraLaunches + max(arithmetic, reading)
    }
    return max(1, Nanoseconds(time))
  }
}
