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
    // So do the blocks that are left to those who are looked at for them first.
    let mayMove =
      (configuration.admission == .peak || configuration.blocksFirst) && queue.count > 0
    let stands =
      !mayMove && plan.chunks.isEmpty && !preempting && !residency.changed && departed == 0
      && !rearranged
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
    rearranged = false
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
      // Whoever was preempted or sent away, or what was let go of, may have made room for others.
      if preempting || residency.changed || rearranged || departed > 0 { beginStep(at: time) }
      return
    }
    phase = .running
    stepBegan = time
    plan.adapterSignature ^= signature.value
    plan.decodes = pausesDecodes ? 0 : kv.decodes
    plan.paused = pausesDecodes ? kv.decodes : 0
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
    counters.adapterSteps += Int64(plan.adapters)
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
    counters.adapterSteps += Int64(plan.adapters)
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
