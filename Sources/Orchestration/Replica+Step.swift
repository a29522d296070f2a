import BasicContainers
import Histogram
import Primitives

// How a step is put together and what follows from its end.
extension Replica {
  /// Decides what follows from something that has just happened.
  mutating func react(at time: Nanoseconds, looksAhead: Bool = true) {
    let wasRunning = phase == .running
    resume(at: time)
    residency.feedLinks(at: time)
    if looksAhead { considerPrefetch(at: time) }
    guard phase == .running, !wasRunning else { return }
    // Last, since a prefetch may have taken memory that the step could have grown into, or have been
    // cancelled and left memory to those who wait: they are looked at again after this step.
    // What is known of a peak moves with every token, so who waits has to be looked at again.
    let mayMove = configuration.admission == .peak && queue.count > 0
    let stands =
      !mayMove && plan.chunks.isEmpty && !preempting && !residency.changed && departed == 0
    let spare = configuration.needsSpareBlock ? 1 : 0
    plan.repeats = stands ? 1 + kv.stepsCovered(byFree: freeBlocks - spare) : 1
    if configuration.decodeStreak > streak, queue.count > 0 || running.count > kv.decodes {
      plan.repeats = min(plan.repeats, configuration.decodeStreak - streak)
    }
    residency.outbox.append(.run)
  }

  /// Puts a step together if none is running, or completes one that waited for adapters.
  mutating func resume(at time: Nanoseconds) {
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

  mutating func beginStep(at time: Nanoseconds) {
    guard !isEmpty else { return }
    plan.chunks.removeAll(keepingCapacity: true)
    budget = configuration.tokenBudget
    preempting = false
    departed = 0
    plan.waiting = queue.count
    plan.scanned = 0
    plan.adapterSignature = queue.signature.value
    if configuration.batching == .mixed {
      growDecodes(at: time)
      continuePrompt(at: time)
      if !preempting { admit(at: time) }
    } else if kv.decodes == 0 || streak >= configuration.decodeStreak {
      continuePrompt(at: time)
      if !preempting { admit(at: time) }
    }
    launch(at: time)
  }

  /// Runs the step unless it is empty or has to wait for adapters.
  mutating func launch(at time: Nanoseconds) {
    if configuration.loading == .blocking, residency.demandsMoving > 0 {
      phase = .holding
      return
    }
    pausesDecodes = configuration.batching == .separate && !plan.chunks.isEmpty
    if configuration.batching == .separate, !pausesDecodes { growDecodes(at: time) }
    guard kv.decodes > 0 || !plan.chunks.isEmpty else {
      phase = .idle
      // Whoever was preempted, or what was let go of, may have made room for others.
      if preempting || residency.changed { beginStep(at: time) }
      return
    }
    phase = .running
    stepBegan = time
    plan.adapterSignature ^= signature.value
    plan.decodes = pausesDecodes ? 0 : kv.decodes
    plan.contextTokens = pausesDecodes ? 0 : kv.contextTokens
    plan.decodeRanks = pausesDecodes ? 0 : decodeRanks
    plan.adapters = usedAdapters
    plan.adapterBytes = usedAdapterBytes
    let others = pausesDecodes ? planPromptAdapters() : nil
    if residency.copiesInStep { residency.activate(others, configuration.activation, at: time) }
    plan.chunkRanks = plan.chunks.reduce(0) {
      $0 + Int64($1.tokens) * Int64(sequences[Int($1.slot)].ranks)
    }
  }

  /// Counts the adapters of a step that computes prompts only, and names them.
  mutating func planPromptAdapters() -> [AdapterID] {
    var adapters: [AdapterID] = []
    for chunk in plan.chunks {
      for adapter in sets.members(sequences[Int(chunk.slot)].record.adapterSet)
      where !adapters.contains(adapter) { adapters.append(adapter) }
    }
    plan.adapters = adapters.count
    plan.adapterBytes = adapters.reduce(0) { $0 + catalogue.bytes($1) }
    return adapters
  }

  /// Whether the decoding sequences may go on, all of them having had the blocks that they need.
  ///
  /// Where each is to find a block free when its turn comes, whether it needs it or not, the last to
  /// have its turn decides, the newest: it finds what the others leave.
  var hasSpareBlock: Bool {
    guard configuration.needsSpareBlock, kv.decodes > 0 else { return true }
    var newest = running.first
    if !sequences[Int(newest)].isDecoding { newest = running.older(than: newest) }
    let context = sequences[Int(newest)].context(at: kv.step)
    let own = context % configuration.kvBlockTokens == 0 ? 1 : 0
    return freeBlocks > kv.nextNeed - own
  }

  /// Finds a block for every decoding sequence that needs one, preempting from the newest.
  mutating func growDecodes(at time: Nanoseconds) {
    while !hasSpareBlock || !takeBlocks(kv.nextNeed, at: time) {
      preempt(running.first, at: time)
    }
    budget -= kv.decodes
  }

  /// Goes on with a prompt that did not fit into the last step; only the newest sequence has one.
  mutating func continuePrompt(at time: Nanoseconds) {
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
  mutating func admit(at time: Nanoseconds) {
    if residency.changed {
      residency.changed = false
      queue.unpark()
    }
    plan.waiting = queue.count + departed
    var latest = IndexList.none
    while running.count < configuration.maxSequences, budget > 0 {
      guard let (set, slot) = queue.next else {
        plan.scanned = plan.waiting
        return
      }
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
      case .left:
        departed += 1
        latest = slot
      case .loading, .passedOver: queue.parkNext()
      case .holdsUp:
        plan.scanned = departed + queue.parked(before: slot) + 1
        return
      }
    }
    plan.scanned = latest < 0 ? 0 : departed + queue.parked(before: latest)
  }

  /// What became of a waiting request that was looked at.
  enum Answer {
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
  mutating func consider(
    _ slot: Int32, of set: AdapterSetID, at time: Nanoseconds
  ) -> Answer {
    let sequence = sequences[Int(slot)]
    let new = sets.members(set).reduce(0) { $0 + (residency.isInUse($1) ? 0 : 1) }
    let load = SchedulingLoad(
      running: running.count, adaptersInUse: residency.inUse, newAdapters: new)
    let verdict = scheduling.verdict(on: sequence.request, given: load)
    if verdict != .admit { return verdict == .skip ? .passedOver : .holdsUp }
    guard fitsAtPeak(sequence.request) else { return .holdsUp }
    if residency.copiesInStep, !residency.fitsInStep(set) { return .passedOver }
    guard let tokens = firstChunk(of: sequence) else { return .holdsUp }
    guard canHold(Int(sequence.target), of: set) else {
      queue.removeNext()
      drop(slot, at: time)
      return .left
    }
    // A prompt that decoding pauses for has to come to its end, or it would be begun again and again.
    let sure = configuration.batching == .separate ? Int(sequence.target) : tokens
    guard hasBlocks(kv.blocks(for: sure), for: set) else { return .holdsUp }
    if !sequence.referenced { reference(slot) }
    let claim = residency.claim(set, at: time)
    if claim != .ready, sequences[Int(slot)].blocked < 0 { sequences[Int(slot)].blocked = time }
    guard claim == .ready || residency.copiesInStep else {
      return claim == .loading ? .loading : .passedOver
    }
    queue.removeNext()
    start(slot, at: time)
    _ = takeBlocks(kv.blocks(for: tokens), at: time)
    schedule(slot, tokens: tokens)
    return .left
  }

  /// How many tokens of a request would be computed in this step; nil if it has to wait for a step
  /// of its own.
  func firstChunk(of sequence: Sequence) -> Int? {
    let target = Int(sequence.target)
    if configuration.chunkedPrefill || target <= budget { return min(target, budget) }
    // A prompt longer than the whole budget runs alone, or it would never run.
    let isAlone = plan.chunks.isEmpty && (kv.decodes == 0 || configuration.batching == .separate)
    let alone = target > configuration.tokenBudget && isAlone
    return alone ? target : nil
  }

  mutating func reference(_ slot: Int32) {
    let found = residency.reference(sequences[Int(slot)].record.adapterSet)
    sequences[Int(slot)].referenced = true
    sequences[Int(slot)].record.foundIn = found
  }

  mutating func start(_ slot: Int32, at time: Nanoseconds) {
    let set = sequences[Int(slot)].record.adapterSet
    residency.start(set, at: time)
    running.grow(to: sequences.count)
    running.pushFirst(slot)
    for adapter in sets.members(set) {
      adapterUsers[Int(adapter)] += 1
      guard adapterUsers[Int(adapter)] == 1 else { continue }
      signature.toggle(adapter)
      usedAdapters += 1
      usedAdapterBytes += catalogue.bytes(adapter)
    }
    if sequences[Int(slot)].record.admitted < 0 { sequences[Int(slot)].record.admitted = time }
    if sequences[Int(slot)].blocked >= 0, !residency.copiesInStep {
      sequences[Int(slot)].record.loadWait += time - sequences[Int(slot)].blocked
      sequences[Int(slot)].blocked = RequestRecord.never
    }
  }

  mutating func schedule(_ slot: Int32, tokens: Int) {
    let sequence = sequences[Int(slot)]
    budget -= tokens
    plan.chunks.append(
      StepPlan.Chunk(
        slot: slot, offset: sequence.computed, tokens: Int32(tokens),
        completes: Int(sequence.computed) + tokens == Int(sequence.target)))
  }

  mutating func commitDecodes(at time: Nanoseconds) {
    counters.steps += 1
    counters.busy += time - stepBegan
    counters.decodeTokens += Int64(kv.decodes)
    if kv.decodes > fresh.count {
      record(gap: time - lastStep, count: kv.decodes - fresh.count)
    }
    for slot in fresh { record(gap: time - sequences[Int(slot)].lastToken, count: 1) }
    fresh.removeAll(keepingCapacity: true)
    kv.advance()
    lastStep = time
    streak += 1
  }

  /// A step in which the decoding sequences paused has ended.
  mutating func commitPause(at time: Nanoseconds) {
    counters.steps += 1
    counters.busy += time - stepBegan
    streak = 0
  }

  mutating func record(gap: Nanoseconds, count: Int) {
    gaps.record(UInt64(max(1, gap)), count: UInt64(count))
  }

  mutating func commit(_ chunk: StepPlan.Chunk, at time: Nanoseconds, seen: Nanoseconds) {
    let index = Int(chunk.slot)
    counters.prefillTokens += Int64(chunk.tokens)
    sequences[index].computed += chunk.tokens
    guard chunk.completes else { return }
    counters.decodeTokens += 1
    sequences[index].generated += 1
    sequences[index].joined = kv.step
    if sequences[index].record.firstToken < 0 {
      sequences[index].record.firstToken = seen
    } else {
      record(gap: time - sequences[index].lastToken, count: 1)
    }
    sequences[index].lastToken = time
    if pausesDecodes { fresh.append(chunk.slot) }
    kv.join(context: Int(sequences[index].target))
    decodeRanks += Int64(sequences[index].ranks)
  }

  mutating func finish(_ slot: Int32, at time: Nanoseconds, seen: Nanoseconds) {
    let sequence = leaveBatch(slot, at: time)
    end(sequence.record, .finished, at: seen)
    if configuration.slots == nil { residency.changed = true }
  }

  mutating func considerPrefetch(at time: Nanoseconds) {
    guard !residency.copiesInStep else { return }
    if let proposal = prefetch.proposal(at: time, residency: residency, queue: queue) {
      propose(proposal, at: time)
    }
    if let next = prefetch.nextLook(after: time), next < nextWake, next > time {
      nextWake = next
      residency.outbox.append(.wake(at: next))
    }
  }

  mutating func propose(_ proposal: PrefetchProposal, at time: Nanoseconds) {
    while let victim = residency.obstacle(to: proposal.adapter, at: time) {
      let keep = prefetch.worth(keeping: victim, at: time, queue: queue)
      guard keep < proposal.worth else { return }
      residency.dropIdle(victim, at: time)
    }
    residency.prefetch(proposal.adapter, at: time)
  }
}
