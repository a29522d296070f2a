import BasicContainers
import Primitives

// Who of those that wait may start.
extension Replica {
  /// Lets waiting requests start, in the policy's order.
  mutating func admit(at time: Nanoseconds) {
    review(at: time)
    if residency.changed || rearranged {
      residency.changed = false
      queue.unpark()
    }
    plan.waiting = queue.count + departed
    var latest = IndexList.none
    var reached: WaitingQueue.Key?
    while running.count < configuration.maxSequences, budget > 0 {
      let key = queue.next.map { queue.key(of: $0.slot) }
      if let slot = firstWithoutBlocks(behind: reached, before: key) {
        plan.scanned = departed + queue.parked(before: slot) + 1
        return
      }
      reached = key
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

  /// Where blocks are looked for before adapters: the first of those whose adapters may not join, between
  /// two places in the queue, that finds no blocks either. It holds up everybody behind it.
  private func firstWithoutBlocks(
    behind start: WaitingQueue.Key?, before end: WaitingQueue.Key?
  ) -> Int32? {
    guard configuration.blocksFirst, queue.hasParked else { return nil }
    return queue.firstParked(behind: start, before: end) { !hasBlocks(forPromptOf: $0) }
  }

  private func hasBlocks(forPromptOf slot: Int32) -> Bool {
    let sequence = sequences[Int(slot)]
    return hasBlocks(kv.blocks(for: Int(sequence.target)), for: sequence.record.adapterSet)
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
    if configuration.blocksFirst, !hasBlocks(forPromptOf: slot) { return .holdsUp }
    let new = sets.members(set).reduce(0) { $0 + (residency.isInUse($1) ? 0 : 1) }
    let load = SchedulingLoad(
      running: running.count, adaptersInUse: residency.inUse, newAdapters: new)
    let verdict = scheduling.verdict(on: sequence.request, given: load)
    if verdict != .admit { return verdict == .skip ? .passedOver : .holdsUp }
    guard fitsLater(sequence.request) else { return .holdsUp }
    if residency.copiesInStep, !residency.fitsInStep(set) { return .passedOver }
    guard let tokens = firstChunk(of: sequence) else { return .holdsUp }
    guard canHold(Int(sequence.target), of: set) else {
      leaveQueue(of: set)
      drop(slot, at: time)
      return .left
    }
    // A prompt that decoding pauses for has to come to its end, or it would be begun again and again.
    let sure = configuration.batching == .separate ? Int(sequence.target) : tokens
    guard hasBlocks(kv.blocks(for: sure), for: set) else { return .holdsUp }
    let claim = claim(set, for: slot, at: time)
    guard claim == .ready || residency.copiesInStep else {
      return claim == .loading ? .loading : .passedOver
    }
    leaveQueue(of: set)
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

  /// The running sequence that makes way next after one that starts.
  private func newestRunning(before slot: Int32) -> Int32 {
    guard configuration.preemption == .latestArrival else { return running.first }
    let arrival = sequences[Int(slot)].record.arrival
    var other = running.first
    while other != IndexList.none, sequences[Int(other)].record.arrival > arrival {
      other = running.older(than: other)
    }
    return other
  }

  mutating func start(_ slot: Int32, at time: Nanoseconds) {
    let set = sequences[Int(slot)].record.adapterSet
    residency.start(set, at: time)
    scheduling.note(.started, of: set)
    running.grow(to: sequences.count)
    running.insert(slot, newerThan: newestRunning(before: slot))
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
}
