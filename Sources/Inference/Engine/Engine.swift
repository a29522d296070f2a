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
  private var freeSlots: [Int]
  /// Places of loaded adapters in ``Forward/adapters``.
  var places: [Int: Int] = [:]
  private var freePlaces: [Int] = []
  /// Ids that were loaded before; kept only for ``EngineFault/staleSlot``.
  private var seen: Set<Int> = []
  var merged: MergedAdapter?
  /// Room for the base weights that a merge changes; kept for the next.
  var keptWeights: AlignedMemory?
  private var steps = 0
  /// By slot, the output that a sequence had in the last step.
  private var outputs: [Int]

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
      model, blockTokens: configuration.kvBlockTokens, pageCount: configuration.poolPages)
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

  // MARK: - Adapters

  /// Pages that an adapter takes.
  /// - Throws: `PitwallError` (data) for one whose matrices are stored in a way that has no kernels.
  public func pages(for adapter: LoRAAdapter) throws -> Int {
    try AdapterLayout(adapter, pageBytes: pool.pageBytes).pageCount
  }

  /// Reserves pages for an adapter. Nothing is copied yet; see ``AdapterLoad``.
  /// - Throws: `PitwallError` (usage) for an id that is taken or a rank beyond the engine's,
  ///   (unavailable) where the pool has not enough free pages, (data) for unknown types.
  public func beginLoad(_ adapter: LoRAAdapter, as id: Int) throws -> AdapterLoad {
    guard places[id] == nil else { throw PitwallError(.usage, "adapter \(id) is already loaded") }
    guard adapter.maxRank <= configuration.maxRank else {
      throw PitwallError(
        .usage, "\(adapter.name) has rank \(adapter.maxRank), the engine takes \(configuration.maxRank)"
      )
    }
    let layout = try AdapterLayout(adapter, pageBytes: pool.pageBytes)
    guard let pages = pool.take(layout.pageCount) else {
      throw PitwallError(
        .unavailable,
        "\(adapter.name) takes \(layout.pageCount) pages, the pool has \(pool.freePages) free")
    }
    let load = AdapterLoad(adapter, as: id, layout: layout, pages: pages, pool: pool)
    if fault == .staleSlot, !seen.insert(id).inserted { load.skip() }
    return load
  }

  /// Makes a copied adapter usable.
  /// - Throws: `PitwallError` (usage) where copying is not complete or the id has been taken since;
  ///   the pages stay the load's.
  public func finish(_ load: AdapterLoad) throws {
    guard load.isComplete, places[load.id] == nil else {
      throw PitwallError(.usage, "adapter \(load.id) is not complete or loaded already")
    }
    let resident = ResidentAdapter(
      load, pool: pool, layers: model.layers, offset: fault == .wrongOffset ? 32 : 0)
    if let place = freePlaces.popLast() {
      forward.adapters[place] = resident
      places[load.id] = place
    } else {
      places[load.id] = forward.adapters.count
      forward.adapters.append(resident)
    }
  }

  /// Gives back the pages of a load that is not finished.
  public func cancel(_ load: AdapterLoad) { load.pages.forEach(pool.give) }

  /// Loads an adapter at once.
  /// - Throws: as ``beginLoad(_:as:)``.
  public func load(_ adapter: LoRAAdapter, as id: Int) throws {
    let load = try beginLoad(adapter, as: id)
    load.copy()
    try finish(load)
  }

  /// Removes an adapter; its pages are free at once.
  /// - Throws: `PitwallError` (usage) for one that is not loaded or that a sequence uses.
  public func unload(_ id: Int) throws {
    guard let place = places[id], let adapter = forward.adapters[place] else {
      throw PitwallError(.usage, "adapter \(id) is not loaded")
    }
    guard adapter.users == 0, merged?.id != id else {
      throw PitwallError(.usage, "adapter \(id) is in use")
    }
    adapter.pages.forEach(pool.give)
    forward.adapters[place] = nil
    places[id] = nil
    freePlaces.append(place)
  }

  public func isLoaded(_ id: Int) -> Bool { places[id] != nil }

  // MARK: - Sequences

  /// Begins a sequence. It takes pages as it grows.
  /// - Parameter adapters: loaded ones, at most four, whose updates are added in this order; none
  ///   for the base model.
  /// - Throws: `PitwallError` (usage) for an adapter that is not loaded: a missing adapter is never
  ///   the base model; (unavailable) where there are as many sequences as the engine takes.
  public func begin(adapters: [AdapterUse] = [], sampling: Sampling = .greedy) throws -> SequenceID {
    try sampling.validate()
    guard adapters.count <= AdapterList.limit else {
      throw PitwallError(.usage, "a sequence has at most \(AdapterList.limit) adapters")
    }
    var list = AdapterList()
    for use in adapters {
      guard let place = places[use.id], use.weight.isFinite else {
        throw PitwallError(.usage, "adapter \(use.id) is not loaded")
      }
      list.append(place, weight: use.weight)
    }
    guard let slot = freeSlots.popLast() else {
      throw PitwallError(.unavailable, "there are \(sequences.count) sequences already")
    }
    for index in 0..<list.count { forward.adapters[Int(list.places[index])]?.users += 1 }
    var state = SequenceState()
    state.generation = sequences[slot].generation + 1
    state.isLive = true
    state.adapters = list
    state.sampling = sampling
    state.random = RandomStream(seed: sampling.seed, purpose: "sampling")
    sequences[slot] = state
    outputs[slot] = -1
    return SequenceID(slot: slot, generation: state.generation)
  }

  /// Ends a sequence and frees its pages.
  /// - Throws: `PitwallError` (usage) for one that has ended.
  public func end(_ id: SequenceID) throws {
    let slot = try slot(of: id)
    for block in 0..<sequences[slot].pages { pool.give(tables[slot, block]) }
    let list = sequences[slot].adapters
    for index in 0..<list.count { forward.adapters[Int(list.places[index])]?.users -= 1 }
    sequences[slot].isLive = false
    freeSlots.append(slot)
  }

  /// Tokens of a sequence that are in the cache.
  public func length(of id: SequenceID) throws -> Int { sequences[try slot(of: id)].length }

  /// Pages that a sequence has.
  public func pages(of id: SequenceID) throws -> Int { sequences[try slot(of: id)].pages }

  func slot(of id: SequenceID) throws -> Int {
    guard sequences.indices.contains(id.slot), sequences[id.slot].isLive,
      sequences[id.slot].generation == id.generation
    else { throw PitwallError(.usage, "the sequence has ended") }
    return id.slot
  }

  // MARK: - Steps

  /// Computes one batch, and tells the token that each sequence drew.
  ///
  /// - Throws: `PitwallError` (usage) for work that the engine cannot take, (unavailable) where the
  ///   pool has not enough free pages. The engine is then as it was before.
  public func step(_ input: StepInput, onToken: (SequenceID, Int32) -> Void) throws {
    steps += 1
    try check(input)
    plan(input)
    forward.run()
    for (output, chunk) in forward.plan.outputs.enumerated() {
      let slot = forward.plan.chunks[chunk].sequence
      outputs[slot] = output
      sequences[slot].lastToken = forward.drawn[output]
    }
    for (output, chunk) in forward.plan.outputs.enumerated() {
      let slot = forward.plan.chunks[chunk].sequence
      onToken(
        SequenceID(slot: slot, generation: sequences[slot].generation), forward.drawn[output])
    }
  }

  /// The numbers from which a sequence drew its last token, `[vocabularySize]`; nil where it drew
  /// none in the last step.
  public func logits(of id: SequenceID) throws -> [Float]? {
    let slot = try slot(of: id)
    guard sequences[slot].step == steps, outputs[slot] >= 0 else { return nil }
    let row = unsafe forward.buffers.logits[outputs[slot]]
    return unsafe [Float](UnsafeBufferPointer(start: row, count: model.vocabularySize))
  }

  private func check(_ input: StepInput) throws {
    guard input.tokenCount <= configuration.maxBatchTokens else {
      throw PitwallError(
        .usage, "a step of \(input.tokenCount) tokens; the engine takes \(configuration.maxBatchTokens)")
    }
    var pages = 0
    for item in input.items {
      let slot = try slot(of: item.sequence)
      let state = sequences[slot]
      guard state.step != steps else {
        throw PitwallError(.usage, "a sequence is twice in one step")
      }
      guard !item.tokens.isEmpty || state.lastToken != nil else {
        throw PitwallError(.usage, "a sequence without a prompt cannot decode")
      }
      let length = state.length + max(1, item.tokens.count)
      guard length <= maxContext else {
        throw PitwallError(.usage, "a sequence of \(length) tokens; the engine takes \(maxContext)")
      }
      for token in input.tokens[item.tokens] where !(0..<Int32(model.vocabularySize)).contains(token) {
        throw PitwallError(.usage, "there is no token \(token)")
      }
      try checkMerge(state.adapters)
      pages += pool.pages(forTokens: length) - state.pages
      sequences[slot].step = steps
    }
    guard pages <= pool.freePages else {
      throw PitwallError(
        .unavailable, "the step takes \(pages) pages, the pool has \(pool.freePages) free")
    }
  }

  private func plan(_ input: StepInput) {
    forward.plan.removeAll()
    for (index, item) in input.items.enumerated() {
      let slot = item.sequence.slot
      let count = max(1, item.tokens.count)
      forward.plan.insert(
        StepPlan.Chunk(
          firstRow: index, count: count, sequence: slot, position: sequences[slot].length,
          samples: item.samples, adapters: sequences[slot].adapters))
      grow(slot, by: count)
      outputs[slot] = -1
    }
    forward.plan.layOut(withAdapters: merged == nil) { item, offset in
      let item = input.items[item]
      return item.tokens.isEmpty
        ? sequences[item.sequence.slot].lastToken ?? 0
        : input.tokens[item.tokens.lowerBound + offset]
    }
    for chunk in forward.plan.chunks {
      for round in 0..<chunk.adapters.count {
        let weights = unsafe forward.buffers.weights[round]
        for row in chunk.firstRow..<chunk.firstRow + chunk.count {
          unsafe weights[row] = chunk.adapters.weights[round]
        }
      }
    }
    for (output, chunk) in forward.plan.outputs.enumerated() {
      let state = sequences[forward.plan.chunks[chunk].sequence]
      var random = state.random.entity(UInt64(state.length))
      forward.samplings[output] = (state.sampling, random.uniform())
    }
  }

  private func grow(_ slot: Int, by count: Int) {
    sequences[slot].length += count
    let pages = pool.pages(forTokens: sequences[slot].length)
    while sequences[slot].pages < pages, let page = pool.take() {
      tables[slot, sequences[slot].pages] = page
      sequences[slot].pages += 1
    }
  }
}
