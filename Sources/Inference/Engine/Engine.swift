import CKernels
import Primitives

/// A Llama-family decoder on the CPU that serves many LoRA adapters in one batch.
///
/// Its weights are read once at each step for all rows of the batch; adapters and key-value blocks
/// lie in one pool of pages. It belongs to one thread, apart from what ``AdapterLoad`` may do on
/// another; after the first steps, a step allocates nothing.
///
/// The tokens of a sequence do not depend on the batch: the same bits come out alone and beside any
/// other sequences, in any order, and however a prompt is cut into chunks.
///
/// Batching of different adapters: L. Chen et al., "Punica", MLSys 2024; Y. Sheng et al., "S-LoRA",
/// MLSys 2024, also for one pool of both kinds of pages. Paged cache: W. Kwon et al., SOSP 2023.
public final class Engine {
  public let configuration: EngineConfiguration
  public let model: ModelConfiguration
  public let pool: DevicePool
  /// The longest sequence, in tokens.
  public let maxContext: Int
  let weights: ModelWeights
  let workers: Workers
  let forward: Forward
  let tables: PageTables
  var sequences: [SequenceState]
  var freeSlots: [Int]
  /// Places of loaded adapters in ``Forward/adapters``.
  var places: [Int: Int] = [:]
  var freePlaces: [Int] = []
  /// Ids that were loaded before; kept only for ``EngineFault/staleSlot``.
  var seen: Set<Int> = []
  var merged: MergedAdapter?
  /// Room for the base weights that a merge changes; kept for the next.
  var keptWeights: AlignedMemory?
  var steps = 0
  /// By slot, the output that a sequence had in the last step.
  var outputs: [Int]

  /// What is planted to see whether verification finds it.
  var fault: EngineFault? { didSet { tables.mixes = fault == .sharedKV } }

  /// Reads the weights and makes all memory that steps need.
  /// - Throws: `PitwallError` (usage) for sizes out of range, (data) for a model that the kernels
  ///   cannot run, (unavailable) where there is not enough memory.
  public convenience init(
    _ checkpoint: Checkpoint, _ configuration: EngineConfiguration = .init()
  ) throws {
    try configuration.validate()
    let workers = Workers(count: configuration.workers)
    let weights = try ModelWeights(checkpoint, storage: configuration.storage, workers: workers)
    try self.init(weights, configuration, workers: workers)
  }

  /// An engine with a pool of its own that shares the weights of another, and its thread.
  convenience init(sharing other: Engine, _ configuration: EngineConfiguration) throws {
    try configuration.validate()
    try self.init(other.weights, configuration, workers: other.workers)
  }

  private init(
    _ weights: ModelWeights, _ configuration: EngineConfiguration, workers: Workers
  ) throws {
    self.configuration = configuration
    self.weights = weights
    self.workers = workers
    model = weights.model
    pool = try DevicePool(
      model, blockTokens: configuration.kvBlockTokens, pageCount: configuration.poolPages,
      beside: weights.byteCount)
    pool.populate(by: workers)
    maxContext = min(
      model.maxContext, configuration.maxContext ?? .max,
      configuration.poolPages * configuration.kvBlockTokens)
    tables = PageTables(
      sequences: configuration.maxSequences, pagesPerSequence: pool.pages(forTokens: maxContext))
    forward = try Forward(
      weights, configuration, pool: pool, tables: tables, context: maxContext, workers: workers)
    sequences = Array(repeating: SequenceState(), count: configuration.maxSequences)
    freeSlots = (0..<configuration.maxSequences).reversed()
    outputs = Array(repeating: -1, count: configuration.maxSequences)
  }

  /// Bytes of the weights in memory.
  public var weightBytes: Int { weights.byteCount }

  /// Bytes of the weights that a step of any size reads: all but an embedding that is not also the
  /// output matrix.
  public var stepWeightBytes: Int {
    model.tiesEmbeddings ? weights.byteCount : weights.byteCount - weights.embedding.byteCount
  }

  /// Weights that each token of a step is multiplied with.
  public var layerParameters: Int {
    model.layers
      * Projection.allCases.reduce(0) { $0 + $1.shape(in: model).out * $1.shape(in: model).in }
  }

  /// Weights that each token after which one is drawn is multiplied with besides.
  public var headParameters: Int { model.vocabularySize * model.hiddenSize }

  /// A number that changes when any bit of the weights does.
  public func weightChecksum() -> UInt64 { weights.checksum() }
}
