import BasicContainers
import Primitives

// Sequences come, leave the batch, and the memory that they need.
extension Replica {
  /// Takes a running sequence out of the batch and frees what it held.
  mutating func leaveBatch(_ slot: Int32, at time: Nanoseconds) -> Sequence {
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
      signature.toggle(adapter)
      usedAdapters -= 1
      usedAdapterBytes -= catalogue.bytes(adapter)
    }
    residency.stop(sequence.record.adapterSet, at: time)
    scheduling.note(.stopped, of: sequence.record.adapterSet)
    shareOutPool()
    sequence.generated = sequence.produced(at: kv.step)
    sequence.record.outputTokens = sequence.generated
    sequence.joined = -1
    sequences[Int(slot)] = sequence
    if !fresh.isEmpty { fresh.removeAll { $0 == slot } }
    freeSlots.append(slot)
    return sequence
  }

  mutating func preempt(_ slot: Int32, at time: Nanoseconds) {
    history.note(.preempted, sequences[Int(slot)].record.request, at: time)
    preempting = true
    counters.preemptions += 1
    // Others have had none since their prompt's, or since they were preempted before.
    let sinceItJoined = sequences[Int(slot)].isDecoding && sequences[Int(slot)].joined < kv.step
    var sequence = leaveBatch(slot, at: time)
    if sinceItJoined { sequence.lastToken = lastStep }
    sequence.record.preemptions += 1
    sequence.target = sequence.record.promptTokens + sequence.generated
    sequence.computed = 0
    let again = newSlot(sequence)
    queue.prepend(again, set: sequence.record.adapterSet)
    noteWait(for: sequence.record.adapterSet)
    residency.changed = true
  }

  /// A request of a set has come to wait: eviction policies may spare what it needs.
  mutating func noteWait(for set: AdapterSetID) {
    for adapter in sets.members(set) where queue.waiting(for: adapter) == 1 {
      residency.queued(adapter)
    }
  }

  /// Takes the next request of a set out of the queue, and tells of adapters that none waits for now.
  mutating func leaveQueue(of set: AdapterSetID) {
    queue.removeNext()
    for adapter in sets.members(set) where queue.waiting(for: adapter) == 0 {
      residency.unqueued(adapter)
    }
  }

  /// A sequence that has outgrown the whole KV cache ends.
  mutating func drop(_ slot: Int32, at time: Nanoseconds) {
    end(sequences[Int(slot)].record, .aborted, at: time)
    residency.release(claimOf: sequences[Int(slot)].record.adapterSet, at: time)
    freeSlots.append(slot)
  }

  mutating func newSlot(_ sequence: Sequence) -> Int32 {
    if let slot = freeSlots.popLast() {
      sequences[Int(slot)] = sequence
      return slot
    }
    sequences.append(sequence)
    return Int32(sequences.count - 1)
  }

  mutating func end(_ record: RequestRecord, _ outcome: Outcome, at time: Nanoseconds) {
    var record = record
    record.outcome = outcome
    record.finished = time
    ended.append(record)
  }

  mutating func canEverServe(_ request: Request) -> Bool {
    let members = sets.size(request.adapterSet)
    let alone = SchedulingLoad(running: 0, adaptersInUse: 0, newAdapters: members)
    return canHold(Int(request.promptTokens) + 1, of: request.adapterSet)
      && residency.couldFit(
        request.adapterSet, slots: configuration.slots ?? .max, bytes: configuration.adapterBytes)
      && scheduling.verdict(on: request, given: alone) == .admit
      && fitsLater(request, alone: true)
  }

  // MARK: Memory

  /// Blocks free as things are.
  var freeBlocks: Int {
    guard configuration.slots == nil else { return kv.totalBlocks - kv.usedBlocks }
    return Int((configuration.adapterBytes - residency.deviceBytes) / kv.blockBytes)
      - kv.usedBlocks
  }

  /// Whether a request of so many tokens, alone on the device with its adapters, has room.
  func canHold(_ tokens: Int, of set: AdapterSetID) -> Bool {
    let blocks = kv.blocks(for: tokens)
    guard configuration.slots == nil else {
      return blocks <= kv.totalBlocks - configuration.reservedBlocks
    }
    return Bytes(blocks) * kv.blockBytes + allBytes(of: set) <= configuration.adapterBytes
  }

  /// Whether blocks can be had beside the request's own adapters, dropping idle adapters from a
  /// shared pool if need be.
  func hasBlocks(_ count: Int, for set: AdapterSetID) -> Bool {
    let count = count + configuration.reservedBlocks
    guard configuration.slots == nil else { return count <= freeBlocks }
    if residency.copiesInStep {
      return Bytes(kv.usedBlocks + count) * kv.blockBytes + usedAdapterBytes + newBytes(of: set)
        <= configuration.adapterBytes
    }
    let own = sets.members(set).reduce(Bytes(0)) {
      $0 + (residency.isBusyOnDevice($1) ? 0 : catalogue.bytes($1))
    }
    let busy = residency.deviceBytes - residency.idleBytes
    return Bytes(kv.usedBlocks + count) * kv.blockBytes + own <= configuration.adapterBytes - busy
  }

  mutating func takeBlocks(_ count: Int, at time: Nanoseconds) -> Bool {
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
  mutating func shareOutPool() {
    guard configuration.slots == nil else { return }
    residency.setDeviceCapacity(configuration.adapterBytes - kv.usedBytes)
  }
}
