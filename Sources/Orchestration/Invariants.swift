import BasicContainers
import Primitives

extension Replica {
  /// Recounts the books from the sequences and tiers, and names the first that does not hold, with
  /// the events that led to it; nil if all hold.
  ///
  /// What it checks: memory in each tier never above capacity; no step runs a sequence whose adapter
  /// is not on the device; adapters in use are held; KV blocks taken equal blocks used. (That every
  /// request ends once and that time never runs backwards is the world's to check.)
  public func brokenInvariant() -> String? {
    guard let fault = residency.fault() ?? bookFault() else { return nil }
    return "replica \(index): \(fault); before it: \(history.description)"
  }

  private func bookFault() -> String? {
    var blocks = 0
    var decodes = 0
    var context: Int64 = 0
    for slot in runningSlots {
      let sequence = sequences[Int(slot)]
      let tokens = sequence.context(at: kv.step)
      if sequence.isDecoding {
        decodes += 1
        context += Int64(tokens)
        // While a step runs, the block for the token that it produces is already taken.
        blocks += kv.blocks(for: phase == .running && !pausesDecodes ? tokens + 1 : tokens)
      } else {
        let chunk = plan.chunks.first { $0.slot == slot && phase != .idle }
        blocks += kv.blocks(for: tokens + Int(chunk?.tokens ?? 0))
      }
      // A sequence that pauses may have lost its adapter, if the step copies adapters: the next step
      // copies it again.
      let pauses = residency.copiesInStep && sequence.isDecoding && pausesDecodes
      for adapter in sets.members(sequence.record.adapterSet) where !pauses {
        if !residency.isOnDevice(adapter) { return "adapter \(adapter) is used but not resident" }
        if !residency.isInUse(adapter) { return "adapter \(adapter) is used but not held" }
      }
    }
    if decodes != kv.decodes || context != kv.contextTokens {
      return "\(decodes) sequences decode over \(context) tokens, booked as \(kv.decodes) over "
        + "\(kv.contextTokens)"
    }
    if phase != .holding, blocks != kv.usedBlocks {
      return "\(blocks) KV blocks are used, booked as \(kv.usedBlocks)"
    }
    if running.count > configuration.maxSequences {
      return "\(running.count) sequences run, more than \(configuration.maxSequences)"
    }
    var signature = AdapterSignature(salt: 0)
    for adapter in 0..<AdapterID(catalogue.count) where adapterUsers[Int(adapter)] > 0 {
      signature.toggle(adapter)
    }
    if signature.value != self.signature.value { return "the fingerprint of adapters is wrong" }
    if kv.usedBlocks > kv.totalBlocks || freeBlocks < 0 {
      return "\(kv.usedBlocks) KV blocks exceed the cache"
    }
    return nil
  }
}
