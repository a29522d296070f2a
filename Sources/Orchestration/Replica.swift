import BasicContainers
import Histogram
import Primitives

/// One server: decides what runs in each step, which adapters come and go, and who waits.
///
/// Sans-IO. The world tells it what happened and at what time; it answers with ``Decision``s. It has
/// no clock, starts no work, and cannot tell whether a model or a machine is at the other end.
///
/// The schedule is that of an iteration-level server with a paged KV cache (vLLM V1): each step gives
/// every decoding sequence a token, then continues a prompt in progress, then admits waiting requests
/// while the token budget, sequence limit, adapters and KV blocks allow; when decoding sequences
/// find no block, the one that started last is preempted and computed again later.
public struct Replica: ~Copyable {
  enum Phase { case idle, holding, running }

  let index: Int16
  let configuration: ReplicaConfiguration
  let catalogue: AdapterCatalogue
  let sets: AdapterSets
  let setRanks: [Int32]
  /// Where adapters are.
  public internal(set) var residency: Residency
  /// Who waits.
  public internal(set) var queue: WaitingQueue
  var kv: KVCache
  var scheduling: any SchedulingPolicy & ~Copyable
  var prefetch: any PrefetchPolicy & ~Copyable
  var sequences = UniqueArray<Sequence>(minimumCapacity: 64)
  var freeSlots: [Int32] = []
  /// Running sequences; the newest is the one that started last.
  var running: IndexList
  var adapterUsers: UniqueArray<Int32>
  /// Of the adapters that running sequences use.
  var signature = AdapterSignature(salt: 0)
  /// Distinct adapters of running sequences, and their bytes.
  var usedAdapters = 0
  var usedAdapterBytes: Bytes = 0
  var decodeRanks: Int64 = 0
  var phase = Phase.idle
  /// The step that is to be run, or is running.
  public internal(set) var plan = StepPlan()
  var budget = 0
  var preempting = false
  /// Requests that left the queue while the step was put together.
  var departed = 0
  /// Whether the scheduling policy changed its mind while the step was put together.
  var rearranged = false
  /// Whether the step computes prompts while the decoding sequences pause.
  var pausesDecodes = false
  /// Decoding steps since the last one that computed prompts.
  var streak = 0
  /// Sequences that decode but have had no token since that of their prompt, while others had; only
  /// where decoding pauses.
  var fresh: [Int32] = []
  var stepBegan: Nanoseconds = 0
  var lastStep: Nanoseconds = 0
  var nextWake = Nanoseconds.max
  /// When the world was last told to wake this because of the scheduling policy.
  var nextReview = Nanoseconds(0)
  var gaps = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
  var counters = Counters()
  /// Requests that have ended since they were last taken.
  var ended: [RequestRecord] = []
  var history = History()

  /// An empty server.
  /// - Parameter seed: the run's; decides what differs from one process of a server to the next.
  public init(
    index: Int16, configuration: ReplicaConfiguration, catalogue: AdapterCatalogue,
    sets: AdapterSets, eviction: consuming EvictionPolicies,
    prefetch: consuming any PrefetchPolicy & ~Copyable,
    scheduling: consuming any SchedulingPolicy & ~Copyable, seed: UInt64 = 0
  ) {
    self.index = index
    self.configuration = configuration
    self.catalogue = catalogue
    self.sets = sets
    setRanks = (0..<Int32(sets.count)).map { set in
      Int32(sets.members(set).reduce(0) { $0 + catalogue.adapters[Int($1)].rank })
    }
    residency = Residency(
      catalogue: catalogue, sets: sets, configuration: configuration, replica: index,
      seed: seed, policies: eviction)
    queue = WaitingQueue(sets: sets, adapters: catalogue.count)
    kv = KVCache(
      blockTokens: configuration.kvBlockTokens, blockBytes: configuration.kvBlockBytes,
      totalBlocks: configuration.kvBlocks)
    self.prefetch = prefetch
    self.scheduling = scheduling
    running = IndexList(capacity: 64)
    adapterUsers = UniqueArray(repeating: 0, count: catalogue.count)
  }

  // MARK: What the world reports

  /// A request has come.
  public mutating func arrived(_ request: Request, at time: Nanoseconds) {
    history.note(.arrived, request.id, at: time)
    var record = RequestRecord(
      request: request.id, tenant: request.tenant, adapterSet: request.adapterSet,
      promptTokens: request.promptTokens, arrival: request.arrival)
    record.replica = index
    prefetch.arrived(request, members: sets.members(request.adapterSet))
    guard canEverServe(request) else {
      end(record, .rejected, at: time)
      return
    }
    var sequence = Sequence(request, record: record, ranks: setRanks[Int(request.adapterSet)])
    sequence.key = scheduling.key(for: request)
    scheduling.note(.arrived, of: request.adapterSet)
    let slot = newSlot(sequence)
    queue.append(slot, set: request.adapterSet, key: sequence.key)
    noteWait(for: request.adapterSet)
    react(at: time)
  }

  /// A transfer has ended.
  public mutating func transferEnded(_ transfer: Transfer, at time: Nanoseconds) {
    history.note(.transferEnded, transfer.adapter, at: time)
    residency.transferEnded(transfer, at: time)
    react(at: time)
  }

  /// A time that a decision asked to be woken at has come.
  public mutating func woken(at time: Nanoseconds) {
    if time >= nextWake { nextWake = .max }
    react(at: time)
  }

  /// The adapters that the step needs have been copied, where that is part of the step: it goes on
  /// to compute. May be called as soon as the time is known, if any were copied.
  public mutating func copiesEnded(at time: Nanoseconds) {
    counters.copying += time - stepBegan
    for chunk in plan.chunks where sequences[Int(chunk.slot)].blocked >= 0 {
      sequences[Int(chunk.slot)].record.loadWait += time - sequences[Int(chunk.slot)].blocked
      sequences[Int(chunk.slot)].blocked = RequestRecord.never
    }
  }

  /// One of the steps for which the plan stands has ended, and the next begins at once.
  ///
  /// Allowed ``StepPlan/repeats`` - 1 times; the last step of a plan ends with
  /// ``stepEnded(at:finished:)``.
  public mutating func stepRepeated(at time: Nanoseconds) {
    commitDecodes(at: time)
    plan.repeats -= 1
    plan.contextTokens = kv.contextTokens
    stepBegan = time
    kv.take(kv.nextNeed)
    if configuration.slots == nil { shareOutPool() }
  }

  /// The step has ended, and with it these sequences: they have produced their last token.
  /// - Parameter seen: when the clients have the step's tokens, if not at once. Only what is recorded
  ///   of requests depends on it.
  public mutating func stepEnded(
    at time: Nanoseconds, finished: [Int32], seen: Nanoseconds? = nil
  ) {
    let seen = seen ?? time
    history.note(.stepEnded, Int32(finished.count), at: time)
    if pausesDecodes { commitPause(at: time) } else { commitDecodes(at: time) }
    for chunk in plan.chunks { commit(chunk, at: time, seen: seen) }
    for slot in finished { finish(slot, at: time, seen: seen) }
    if !configuration.keepsIdleAdapters, !finished.isEmpty, !pausesDecodes {
      residency.dropIdle(at: time)
    }
    // Not after every step: a world may skip steps that change nothing, and must see the same.
    let eventful = !finished.isEmpty || !plan.chunks.isEmpty
    phase = .idle
    react(at: time, looksAhead: eventful)
  }

  /// The run is over: whatever has not ended is aborted.
  public mutating func abortAll(at time: Nanoseconds) {
    var slots: [Int32] = []
    queue.removeAll { slots.append($0) }
    for slot in slots {
      end(sequences[Int(slot)].record, .aborted, at: time)
    }
    while running.last != IndexList.none {
      let slot = running.last
      let sequence = leaveBatch(slot, at: time)
      end(sequence.record, .aborted, at: time)
    }
    phase = .idle
    residency.close(at: time)
  }
}
