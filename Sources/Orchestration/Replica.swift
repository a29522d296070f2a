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
  private let catalogue: AdapterCatalogue
  let sets: AdapterSets
  private let setRanks: [Int32]
  /// Where adapters are.
  public internal(set) var residency: Residency
  /// Who waits.
  public internal(set) var queue: WaitingQueue
  var kv: KVCache
  var scheduling: any SchedulingPolicy & ~Copyable
  var prefetch: any PrefetchPolicy & ~Copyable
  var sequences = UniqueArray<Sequence>(minimumCapacity: 64)
  private var freeSlots: [Int32] = []
  /// Running sequences; the newest is the one that started last.
  var running: IndexList
  private var adapterUsers: UniqueArray<Int32>
  private var decodeRanks: Int64 = 0
  var phase = Phase.idle
  /// The step that is to be run, or is running.
  public internal(set) var plan = StepPlan()
  private var budget = 0
  private var preempting = false
  private var stepBegan: Nanoseconds = 0
  private var lastStep: Nanoseconds = 0
  private var nextWake = Nanoseconds.max
  private var gaps = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
  var counters = Counters()
  /// Requests that have ended since they were last taken.
  var ended: [RequestRecord] = []
  var history = History()

  /// An empty server.
  public init(
    index: Int16, configuration: ReplicaConfiguration, catalogue: AdapterCatalogue,
    sets: AdapterSets, eviction: consuming EvictionPolicies,
    prefetch: consuming any PrefetchPolicy & ~Copyable,
    scheduling: consuming any SchedulingPolicy & ~Copyable
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
      policies: eviction)
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
    var sequence = Sequence(record: record, ranks: setRanks[Int(request.adapterSet)])
    sequence.key = scheduling.key(for: request)
    let slot = newSlot(sequence)
    queue.append(slot, set: request.adapterSet, key: sequence.key)
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
  public mutating func stepEnded(at time: Nanoseconds, finished: [Int32]) {
    history.note(.stepEnded, Int32(finished.count), at: time)
    commitDecodes(at: time)
    for chunk in plan.chunks { commit(chunk, at: time) }
    for slot in finished { finish(slot, at: time) }
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

  // MARK: What the world may ask

  /// Steps ended so far; a sequence that joined at step j has produced one more token at each since.
  public var stepCount: Int64 { kv.step }
  /// The request that a sequence serves.
  public func request(of slot: Int32) -> Int32 { sequences[Int(slot)].record.request }
  /// Output tokens that a sequence has produced.
  public func produced(by slot: Int32) -> Int32 { sequences[Int(slot)].produced(at: kv.step) }
  /// The step count at which a sequence began to decode, or -1 if it does not decode.
  public func joined(_ slot: Int32) -> Int64 { sequences[Int(slot)].joined }
  /// Whether nothing waits and nothing runs.
  public var isEmpty: Bool { queue.count == 0 && running.count == 0 }
  /// The running sequences, in the order in which they started.
  public var runningSlots: [Int32] {
    var slots: [Int32] = []
    var slot = running.last
    while slot != IndexList.none {
      slots.append(slot)
      slot = running.newer(than: slot)
    }
    return slots
  }

  /// Takes the decisions made since the last call, in order.
  public mutating func takeDecisions(_ body: (Decision) -> Void) {
    for decision in residency.outbox { body(decision) }
    residency.outbox.removeAll(keepingCapacity: true)
  }

  /// Takes the records of requests that have ended since the last call.
  public mutating func takeEnded(_ body: (RequestRecord) -> Void) {
    for record in ended { body(record) }
    ended.removeAll(keepingCapacity: true)
  }

  /// The state as a point of a time series.
  public func sample(at time: Nanoseconds) -> Sample {
    Sample(
      at: time, replica: index, waiting: Int32(queue.count), running: Int32(running.count),
      kvBytes: kv.usedBytes, adapterBytes: residency.deviceBytes,
      residentAdapters: Int32(residency.deviceCount), references: residency.counters.references,
      hits: residency.counters.found[Int(Tier.device.rawValue)])
  }

  /// Everything counted so far.
  public var totals: Counters {
    var sum = counters
    sum.add(residency.counters)
    return sum
  }

  /// The stretches of time that adapters spent on the device.
  public var spans: [ResidencySpan] { residency.spans }

  /// Gaps between tokens and how often each occurred, by rising gap, to three digits.
  public var tokenGaps: [(gap: Nanoseconds, count: Int64)] {
    gaps.recordedValues().map { (Nanoseconds($0.value), Int64($0.count)) }
  }

  /// The load as a router sees it for a request.
  func load(for set: AdapterSetID) -> ReplicaLoad {
    var near = 0
    var farthest = Tier.device
    for adapter in sets.members(set) {
      let tier = residency.tier(of: adapter)
      if tier == .device || residency.isMoving(adapter) { near += 1 }
      farthest = min(farthest, tier)
    }
    return ReplicaLoad(
      waiting: queue.count, running: running.count, near: near, farthest: farthest)
  }

  // MARK: Steps

  /// Decides what follows from something that has just happened.
  private mutating func react(at time: Nanoseconds, looksAhead: Bool = true) {
    let wasRunning = phase == .running
    resume(at: time)
    residency.feedLinks(at: time)
    if looksAhead { considerPrefetch(at: time) }
    guard phase == .running, !wasRunning else { return }
    // Last, since a prefetch may have taken memory that the step could have grown into, or have been
    // cancelled and left memory to those who wait: they are looked at again after this step.
    let stands = plan.chunks.isEmpty && !preempting && !residency.changed
    plan.repeats = stands ? 1 + kv.stepsCovered(byFree: freeBlocks) : 1
    residency.outbox.append(.run)
  }

  /// Puts a step together if none is running, or completes one that waited for adapters.
  private mutating func resume(at time: Nanoseconds) {
    switch phase {
    case .idle:
      beginStep(at: time)
    case .holding where residency.demandsMoving == 0:
      admit(at: time)
      launch(at: time)
    case .holding, .running:
      break
    }
  }

  private mutating func beginStep(at time: Nanoseconds) {
    guard !isEmpty else { return }
    plan.chunks.removeAll(keepingCapacity: true)
    budget = configuration.tokenBudget
    preempting = false
    growDecodes(at: time)
    continuePrompt(at: time)
    if !preempting { admit(at: time) }
    launch(at: time)
  }

  /// Runs the step unless it is empty or has to wait for adapters.
  private mutating func launch(at time: Nanoseconds) {
    if configuration.loading == .blocking, residency.demandsMoving > 0 {
      phase = .holding
      return
    }
    guard kv.decodes > 0 || !plan.chunks.isEmpty else {
      phase = .idle
      // Whoever was preempted, or what was let go of, may have made room for others.
      if preempting || residency.changed { beginStep(at: time) }
      return
    }
    phase = .running
    stepBegan = time
    plan.decodes = kv.decodes
    plan.contextTokens = kv.contextTokens
    plan.decodeRanks = decodeRanks
    plan.chunkRanks = plan.chunks.reduce(0) {
      $0 + Int64($1.tokens) * Int64(sequences[Int($1.slot)].ranks)
    }
  }

  /// Finds a block for every decoding sequence that needs one, preempting from the newest.
  private mutating func growDecodes(at time: Nanoseconds) {
    while !takeBlocks(kv.nextNeed, at: time) {
      preempt(running.first, at: time)
    }
    budget -= kv.decodes
  }

  /// Goes on with a prompt that did not fit into the last step; only the newest sequence has one.
  private mutating func continuePrompt(at time: Nanoseconds) {
    let slot = running.first
    guard slot != IndexList.none, !sequences[Int(slot)].isDecoding else { return }
    let sequence = sequences[Int(slot)]
    let tokens = min(Int(sequence.target - sequence.computed), budget)
    let more =
      kv.blocks(for: Int(sequence.computed) + tokens) - kv.blocks(for: Int(sequence.computed))
    guard takeBlocks(more, at: time) else {
      preempt(slot, at: time)
      return
    }
    schedule(slot, tokens: tokens)
  }

  /// Lets waiting requests start, in the policy's order.
  private mutating func admit(at time: Nanoseconds) {
    if residency.changed {
      residency.changed = false
      queue.unpark()
    }
    while let (set, slot) = queue.next, running.count < configuration.maxSequences, budget > 0 {
      let isFirstInLine = running.count == 0 && !queue.hasParked
      var answer = consider(slot, of: set, at: time)
      if isFirstInLine, answer.isRefusal, residency.releaseClaims(at: time) {
        answer = consider(slot, of: set, at: time)
        // If it still does not start, something is on its way to the device, and its arrival will
        // lead here again. To look again now would hold it anew for others, and let go of it anew,
        // without end.
        if answer != .left { residency.changed = false }
      }
      switch answer {
      case .left: continue
      case .loading, .passedOver: queue.parkNext()
      case .holdsUp: return
      }
    }
  }

  /// What became of a waiting request that was looked at.
  private enum Answer {
    /// It started, or ended.
    case left
    /// Its adapters are on their way.
    case loading
    /// Others may be looked at.
    case passedOver
    /// Nobody behind it may start.
    case holdsUp

    var isRefusal: Bool { self == .passedOver || self == .holdsUp }
  }

  /// Starts the next request if everything that it needs is there.
  private mutating func consider(
    _ slot: Int32, of set: AdapterSetID, at time: Nanoseconds
  ) -> Answer {
    let sequence = sequences[Int(slot)]
    let new = sets.members(set).reduce(0) { $0 + (residency.isInUse($1) ? 0 : 1) }
    let load = SchedulingLoad(
      running: running.count, adaptersInUse: residency.inUse, newAdapters: new)
    let verdict = scheduling.verdict(on: request(sequence), given: load)
    if verdict != .admit { return verdict == .skip ? .passedOver : .holdsUp }
    guard let tokens = firstChunk(of: sequence) else { return .holdsUp }
    guard canHold(Int(sequence.target), of: set) else {
      queue.removeNext()
      drop(slot, at: time)
      return .left
    }
    guard hasBlocks(kv.blocks(for: tokens), for: set) else { return .holdsUp }
    if !sequence.referenced { reference(slot) }
    let claim = residency.claim(set, at: time)
    guard claim == .ready else {
      if sequences[Int(slot)].blocked < 0 { sequences[Int(slot)].blocked = time }
      return claim == .loading ? .loading : .passedOver
    }
    queue.removeNext()
    start(slot, at: time)
    _ = takeBlocks(kv.blocks(for: tokens), at: time)
    schedule(slot, tokens: tokens)
    return .left
  }

  private func request(_ sequence: Sequence) -> Request {
    Request(
      id: sequence.record.request, arrival: sequence.record.arrival,
      adapterSet: sequence.record.adapterSet, promptTokens: sequence.record.promptTokens,
      tenant: sequence.record.tenant)
  }

  /// How many tokens of a request would be computed in this step; nil if it has to wait for a step
  /// of its own.
  private func firstChunk(of sequence: Sequence) -> Int? {
    let target = Int(sequence.target)
    if configuration.chunkedPrefill || target <= budget { return min(target, budget) }
    // A prompt longer than the whole budget runs alone, or it would never run.
    let alone = target > configuration.tokenBudget && plan.chunks.isEmpty && kv.decodes == 0
    return alone ? target : nil
  }

  private mutating func reference(_ slot: Int32) {
    let found = residency.reference(sequences[Int(slot)].record.adapterSet)
    sequences[Int(slot)].referenced = true
    sequences[Int(slot)].record.foundIn = found
  }

  private mutating func start(_ slot: Int32, at time: Nanoseconds) {
    let set = sequences[Int(slot)].record.adapterSet
    residency.start(set, at: time)
    running.grow(to: sequences.count)
    running.pushFirst(slot)
    for adapter in sets.members(set) {
      adapterUsers[Int(adapter)] += 1
      guard adapterUsers[Int(adapter)] == 1 else { continue }
      plan.adapters += 1
      plan.adapterBytes += catalogue.bytes(adapter)
    }
    if sequences[Int(slot)].record.admitted < 0 { sequences[Int(slot)].record.admitted = time }
    if sequences[Int(slot)].blocked >= 0 {
      sequences[Int(slot)].record.loadWait += time - sequences[Int(slot)].blocked
      sequences[Int(slot)].blocked = RequestRecord.never
    }
  }

  private mutating func schedule(_ slot: Int32, tokens: Int) {
    let sequence = sequences[Int(slot)]
    budget -= tokens
    plan.chunks.append(
      StepPlan.Chunk(
        slot: slot, offset: sequence.computed, tokens: Int32(tokens),
        completes: Int(sequence.computed) + tokens == Int(sequence.target)))
  }

  private mutating func commitDecodes(at time: Nanoseconds) {
    counters.steps += 1
    counters.busy += time - stepBegan
    counters.decodeTokens += Int64(kv.decodes)
    if kv.decodes > 0 { record(gap: time - lastStep, count: kv.decodes) }
    kv.advance()
    lastStep = time
  }

  private mutating func record(gap: Nanoseconds, count: Int) {
    gaps.record(UInt64(max(1, gap)), count: UInt64(count))
  }

  private mutating func commit(_ chunk: StepPlan.Chunk, at time: Nanoseconds) {
    let index = Int(chunk.slot)
    counters.prefillTokens += Int64(chunk.tokens)
    sequences[index].computed += chunk.tokens
    guard chunk.completes else { return }
    counters.decodeTokens += 1
    sequences[index].generated += 1
    sequences[index].joined = kv.step
    if sequences[index].record.firstToken < 0 {
      sequences[index].record.firstToken = time
    } else {
      record(gap: time - sequences[index].lastToken, count: 1)
    }
    kv.join(context: Int(sequences[index].target))
    decodeRanks += Int64(sequences[index].ranks)
  }

  private mutating func finish(_ slot: Int32, at time: Nanoseconds) {
    let sequence = leaveBatch(slot, at: time)
    end(sequence.record, .finished, at: time)
    if configuration.slots == nil { residency.changed = true }
  }

  // MARK: Sequences

  /// Takes a running sequence out of the batch and frees what it held.
  private mutating func leaveBatch(_ slot: Int32, at time: Nanoseconds) -> Sequence {
    var sequence = sequences[Int(slot)]
    let context = sequence.context(at: kv.step)
    if sequence.isDecoding {
      kv.leave(context: context)
      decodeRanks -= Int64(sequence.ranks)
    }
    kv.free(kv.blocks(for: context))
    running.remove(slot)
    for adapter in sets.members(sequence.record.adapterSet) {
      adapterUsers[Int(adapter)] -= 1
      guard adapterUsers[Int(adapter)] == 0 else { continue }
      plan.adapters -= 1
      plan.adapterBytes -= catalogue.bytes(adapter)
    }
    residency.stop(sequence.record.adapterSet, at: time)
    shareOutPool()
    sequence.generated = sequence.produced(at: kv.step)
    sequence.record.outputTokens = sequence.generated
    sequence.joined = -1
    sequences[Int(slot)] = sequence
    freeSlots.append(slot)
    return sequence
  }

  private mutating func preempt(_ slot: Int32, at time: Nanoseconds) {
    history.note(.preempted, sequences[Int(slot)].record.request, at: time)
    preempting = true
    counters.preemptions += 1
    // One that was being computed again has had no token since it was preempted before.
    let hadTokenInLastStep = sequences[Int(slot)].isDecoding
    var sequence = leaveBatch(slot, at: time)
    if hadTokenInLastStep { sequence.lastToken = lastStep }
    sequence.record.preemptions += 1
    sequence.target = sequence.record.promptTokens + sequence.generated
    sequence.computed = 0
    let again = newSlot(sequence)
    queue.prepend(again, set: sequence.record.adapterSet)
    residency.changed = true
  }

  /// A sequence that has outgrown the whole KV cache ends.
  private mutating func drop(_ slot: Int32, at time: Nanoseconds) {
    end(sequences[Int(slot)].record, .aborted, at: time)
    residency.release(claimOf: sequences[Int(slot)].record.adapterSet, at: time)
    freeSlots.append(slot)
  }

  private mutating func newSlot(_ sequence: Sequence) -> Int32 {
    if let slot = freeSlots.popLast() {
      sequences[Int(slot)] = sequence
      return slot
    }
    sequences.append(sequence)
    return Int32(sequences.count - 1)
  }

  private mutating func end(_ record: RequestRecord, _ outcome: Outcome, at time: Nanoseconds) {
    var record = record
    record.outcome = outcome
    record.finished = time
    ended.append(record)
  }

  private mutating func canEverServe(_ request: Request) -> Bool {
    let members = sets.size(request.adapterSet)
    let alone = SchedulingLoad(running: 0, adaptersInUse: 0, newAdapters: members)
    return canHold(Int(request.promptTokens) + 1, of: request.adapterSet)
      && residency.couldFit(
        request.adapterSet, slots: configuration.slots ?? .max, bytes: configuration.adapterBytes)
      && scheduling.verdict(on: request, given: alone) == .admit
  }

  // MARK: Memory

  /// Blocks free as things are.
  var freeBlocks: Int {
    guard configuration.slots == nil else { return kv.totalBlocks - kv.usedBlocks }
    return Int((configuration.adapterBytes - residency.deviceBytes) / kv.blockBytes)
      - kv.usedBlocks
  }

  /// Whether a request of so many tokens, alone on the device with its adapters, has room.
  private func canHold(_ tokens: Int, of set: AdapterSetID) -> Bool {
    let blocks = kv.blocks(for: tokens)
    guard configuration.slots == nil else { return blocks <= kv.totalBlocks }
    let own = sets.members(set).reduce(Bytes(0)) { $0 + catalogue.bytes($1) }
    return Bytes(blocks) * kv.blockBytes + own <= configuration.adapterBytes
  }

  /// Whether blocks can be had beside the request's own adapters, dropping idle adapters from a
  /// shared pool if need be.
  private func hasBlocks(_ count: Int, for set: AdapterSetID) -> Bool {
    guard configuration.slots == nil else { return count <= freeBlocks }
    let own = sets.members(set).reduce(Bytes(0)) {
      $0 + (residency.isBusyOnDevice($1) ? 0 : catalogue.bytes($1))
    }
    let busy = residency.deviceBytes - residency.idleBytes
    return Bytes(kv.usedBlocks + count) * kv.blockBytes + own <= configuration.adapterBytes - busy
  }

  private mutating func takeBlocks(_ count: Int, at time: Nanoseconds) -> Bool {
    if count > freeBlocks {
      guard configuration.slots == nil else { return false }
      let limit = configuration.adapterBytes - Bytes(kv.usedBlocks + count) * kv.blockBytes
      if !residency.shrinkDevice(to: limit, at: time) {
        // Running sequences go before adapters that are held for waiting ones.
        residency.releaseClaims(at: time)
        guard residency.shrinkDevice(to: limit, at: time) else { return false }
      }
    }
    kv.take(count)
    shareOutPool()
    return true
  }

  /// Where KV cache and adapters share a pool, what one does not use is the other's.
  private mutating func shareOutPool() {
    guard configuration.slots == nil else { return }
    residency.setDeviceCapacity(configuration.adapterBytes - kv.usedBytes)
  }

  // MARK: Prefetch

  private mutating func considerPrefetch(at time: Nanoseconds) {
    if let proposal = prefetch.proposal(at: time, residency: residency, queue: queue) {
      propose(proposal, at: time)
    }
    if let next = prefetch.nextLook(after: time), next < nextWake, next > time {
      nextWake = next
      residency.outbox.append(.wake(at: next))
    }
  }

  private mutating func propose(_ proposal: PrefetchProposal, at time: Nanoseconds) {
    while let victim = residency.obstacle(to: proposal.adapter, at: time) {
      let keep = prefetch.worth(keeping: victim, at: time, queue: queue)
      guard keep < proposal.worth else { return }
      residency.dropIdle(victim, at: time)
    }
    residency.prefetch(proposal.adapter, at: time)
  }
}
